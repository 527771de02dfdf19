/**
 * The other end of the pumps, in a process of its own: a component's server reduced to bytes. It
 * lets everyone in, pours the corpus when asked to, and says when it has read everything.
 */
import { createServer } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { corpus } from "../corpus/corpus.js";
import { ManagedLogin } from "./managed-login.js";
import { DOMAIN, LAST, POUR, SEEN } from "./names.js";

/** The bytes of one write: many, so that the sender is never the slow end. */
const SLICE = 262_144;

/** Slices of the corpus. Each ends with a stanza, so that an answer can come between two. */
let slices = [];

/** Makes the corpus to pour. */
export function load(task) {
  const { stanzas } = corpus({ ...task, component: DOMAIN });
  slices = [];
  let slice = "";
  for (const stanza of stanzas) {
    slice += stanza;
    if (slice.length < SLICE) continue;
    slices.push(Buffer.from(slice));
    slice = "";
  }
  slices.push(Buffer.from(slice));
  return { stanzas: stanzas.length, bytes: slices.reduce((sum, { length }) => sum + length, 0) };
}

/** Starts listening; with `managed` for clients with XEP-0198. @param {{ cert?: string, key?: string, managed?: boolean }} how */
export function listen({ cert, key, managed } = {}) {
  const serve = (socket) => new Guest(socket, managed ? new ManagedLogin() : undefined);
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
  #managed;

  constructor(socket, managed) {
    this.#socket = socket;
    this.#managed = managed;
    socket.setNoDelay?.(true);
    socket.setEncoding("latin1");
    socket.on("data", (chunk) => this.#read(chunk));
    socket.on("error", () => {});
  }

  #read(chunk) {
    const text = this.#tail + chunk;
    this.#tail = text.slice(-40);
    if (!this.#greeted) {
      if (this.#managed === undefined) this.#greet(text);
      else this.#greetClient(this.#managed, text);
      return;
    }
    const answer = this.#managed?.read(chunk);
    if (answer) this.#socket.write(answer);
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

  #greetClient(managed, text) {
    const answer = managed.greet(text);
    this.#tail = answer === undefined ? text : "";
    if (answer !== undefined) this.#socket.write(answer);
    this.#greeted = managed.isIn;
  }

  async #pour(times) {
    for (let i = 0; i < times; i++) {
      for (const slice of slices) {
        if (this.#socket.write(slice)) continue;
        await new Promise((resolve) => this.#socket.once("drain", resolve));
      }
    }
  }
}
