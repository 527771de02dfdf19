/**
 * The limit: a socket that only counts bytes in, and writes strings that were made before. It knows
 * where the corpus ends by its length, which `prepare` is told.
 */
import { connect as connectTcp } from "node:net";
import { connect as connectTls } from "node:tls";
import { CHATSTATES, message } from "../driver.js";
import { DOMAIN, LAST, POUR, SEEN } from "../names.js";

let socket;
let counted = 0;
let wanted = Number.POSITIVE_INFINITY;
let reached = () => {};
let size = 0;

export function prepare({ port, ca, bytes }) {
  size = bytes;
  const options = { host: "127.0.0.1", port, noDelay: true };
  return new Promise((resolve, reject) => {
    socket =
      ca === undefined
        ? connectTcp(options)
        : connectTls({ ...options, ca, servername: "localhost" });
    socket.on("error", reject);
    socket.on(ca === undefined ? "connect" : "secureConnect", () => {
      socket.write(
        "<stream:stream xmlns='jabber:component:accept' " +
          `xmlns:stream='http://etherx.jabber.org/streams' to='${DOMAIN}'>`,
      );
    });
    let greeting = "";
    socket.on("data", function greet(chunk) {
      greeting += chunk;
      if (greeting.endsWith("<handshake/>")) {
        socket.off("data", greet);
        socket.on("data", (data) => {
          counted += data.length;
          if (counted >= wanted) reached();
        });
        resolve();
      } else if (greeting.endsWith(">") && !greeting.includes("?>", greeting.length - 3)) {
        socket.write("<handshake>0</handshake>");
      }
    });
  });
}

/** Nothing to compare: it makes no stanzas. */
export const check = undefined;

export function pass({ out, times, stanzas, messages }) {
  counted = 0;
  return new Promise((resolve) => {
    reached = () => resolve({ units: out ? messages : times * stanzas });
    if (out) {
      wanted = `<message from='x.example.net' to='${DOMAIN}' id='${SEEN}'/>`.length;
      pour(messages);
    } else {
      wanted = times * size;
      socket.write(`<message to='x.example.net' id='${POUR}${times}'/>`);
    }
  });
}

/** One string a turn, the best a socket can be given. */
function pour(messages) {
  let text = "";
  for (let n = 0; n < messages; n++) {
    const { to, id, body } = message(n);
    text +=
      `<message to='${to}' id='${id}' type='chat' from='${DOMAIN}'><body>${body}</body>` +
      `<active xmlns='${CHATSTATES}'/></message>`;
    if (text.length > 65_536) {
      socket.write(text);
      text = "";
    }
  }
  socket.write(`${text}<message to='x.example.net' id='${LAST}'/>`);
}
