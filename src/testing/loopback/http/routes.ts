import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { ConnectionManager, ServeMessages } from "../bosh/connection-manager.ts";
import { WebSocketFrames } from "./frames.ts";
import { hostMeta } from "./host-meta.ts";
import type { HttpRoutes } from "./http-listener.ts";

/** The path of the WebSocket on the HTTP ports: Prosody's. */
export const WEBSOCKET_PATH = "/xmpp-websocket";

/** The path of BOSH on the HTTP ports: Prosody's. */
export const BOSH_PATH = "/http-bind";

/** The constant of the handshake (RFC 6455, 1.3). */
const GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/**
 * The paths of a server's HTTP ports. `serve` is given each connection that has become a WebSocket; requests of BOSH go to
 * the manager.
 */
export function httpRoutes(serve: ServeMessages, manager: ConnectionManager): HttpRoutes {
  return {
    ...hostMeta([
      { rel: "urn:xmpp:alt-connections:websocket", scheme: "ws", path: WEBSOCKET_PATH },
      { rel: "urn:xmpp:alt-connections:xbosh", scheme: "http", path: BOSH_PATH },
    ]),
    [BOSH_PATH]: {
      get(_, response) {
        response.end("BOSH takes requests by POST.");
      },
      post(request, response) {
        void manager.handle(request, response);
      },
    },
    [WEBSOCKET_PATH]: {
      upgrade(request, socket, head) {
        if (!accept(request, socket) || !(socket instanceof Socket)) return;
        if (head.length > 0) socket.unshift(head);
        serve(socket, new WebSocketFrames());
      },
    },
  };
}

/** Answers the handshake (RFC 6455, 4.2.2; RFC 7395, 3.1). Returns false where it is refused. */
function accept({ headers }: IncomingMessage, socket: Duplex): boolean {
  const key = headers["sec-websocket-key"];
  const protocols = headers["sec-websocket-protocol"]?.split(/\s*,\s*/) ?? [];
  const isVersion = headers["sec-websocket-version"] === "13";
  if (key === undefined || !isVersion || !protocols.includes("xmpp")) {
    socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n");
    return false;
  }
  const digest = createHash("sha1")
    .update(key + GUID)
    .digest("base64");
  socket.write(
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      `Sec-WebSocket-Accept: ${digest}\r\nSec-WebSocket-Protocol: xmpp\r\n\r\n`,
  );
  return true;
}
