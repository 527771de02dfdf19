/**
 * The other end of the pumps, in a process of its own: a component's server reduced to bytes. It
 * lets everyone in, pours the corpus when asked to, and says when it has read everything.
 */
import { createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { corpus } from "../corpus/corpus.js";
import { DOMAIN, LAST, POUR, SEEN } from "./names.js";

/** Large enough that the sender is never what is measured. */
const SLICE = 262_144;

let stanzas = [];
let bytes = Buffer.alloc(0);

/** Sets what is poured. */
export function load(task) {
  stanzas = corpus({ ...task, component: DOMAIN }).stanzas;
  bytes = Buffer.from(stanzas.join(""));
  return { stanzas: stanzas.length, bytes: bytes.length };
}

/** Starts listening. @param {{ cert?: string, key?: string }} tls */
export function listen({ cert, key } = {}) {
  const serve = (socket) => new Guest(socket);
  const server =
    cert === undefined ? createServer(serve) : createTlsServer({ cert, key, noDelay: true }, serve);
  return new Promise((resolve) => {
    server.listen(0, "127.0.0.1", () => resolve(server.address().port));
  });
}

class Guest {
  #socket;
  /** The end of the last chunk, which may begin a name to look for. */
  #tail = "";
  #greeted = false;

  constructor(socket) {
    this.#socket = socket;
    socket.setNoDelay?.(true);
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", () => {});
  }

  #read(chunk) {
    const text = this.#tail + chunk;
    this.#tail = text.slice(-40);
    if (!this.#greeted) {
      this.#greet(text);
      return;
    }
    if (text.includes(LAST)) {
      this.#tail = "";
      this.#socket.write(`<message from='x.example.net' to='${DOMAIN}' id='${SEEN}'/>`);
    }
    const asked = text.includes(POUR) ? /pour-(\d+)['"]/.exec(text) : null;
    if (asked !== null) {
      this.#tail = "";
      void this.#pour(Number(asked[1]));
    }
  }

  #greet(text) {
    if (text.includes("</handshake>")) {
      this.#greeted = true;
      this.#tail = "";
      this.#socket.write("<handshake/>");
    } else if (/<stream:stream[^>]*>$/.test(text)) {
      this.#socket.write(
        "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " +
          `xmlns:stream='http://etherx.jabber.org/streams' id='s1' from='${DOMAIN}'>`,
      );
    } else {
      this.#tail = text;
    }
  }

  async #pour(times) {
    for (let i = 0; i < times; i++) {
      for (let at = 0; at < bytes.length; at += SLICE) {
        if (this.#socket.write(bytes.subarray(at, at + SLICE))) continue;
        await new Promise((resolve) => this.#socket.once("drain", resolve));
      }
    }
  }
}
