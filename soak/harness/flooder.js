import { once } from "node:events";
import { createServer } from "node:net";

/**
 * A component port that lets everybody in, and then sends the same stanza as often as it is told, as
 * fast as the other side reads. It drops all that the other side says.
 */
export class Flooder {
  #server;
  #sockets = new Set();
  /** Stanzas that were handed to the system. */
  sent = 0;

  /** `stanza` makes the text of a number. */
  static async start(stanza, times) {
    const flooder = new Flooder();
    flooder.#server = createServer((socket) => flooder.#flood(socket, stanza, times));
    flooder.#server.listen(0, "127.0.0.1");
    await once(flooder.#server, "listening");
    return flooder;
  }

  get port() {
    return this.#server.address().port;
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  async #flood(socket, stanza, times) {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy());
    await once(socket, "data");
    socket.write(
      "<?xml version='1.0'?><stream:stream xmlns='jabber:component:accept' " +
        "xmlns:stream='http://etherx.jabber.org/streams' id='flood' from='flooded.test'>",
    );
    await once(socket, "data");
    socket.resume();
    socket.write("<handshake/>");
    for (let number = 0; number < times && !socket.destroyed; number++) {
      if (!socket.write(stanza(number))) await drained(socket);
      this.sent++;
    }
  }
}

/** Resolves when the socket takes more, or is gone. */
function drained(socket) {
  return new Promise((resolve) => {
    const done = () => {
      socket.off("drain", done);
      socket.off("close", done);
      resolve();
    };
    socket.on("drain", done);
    socket.on("close", done);
  });
}
