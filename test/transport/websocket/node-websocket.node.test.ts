import { EventEmitter, once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { afterEach, expect, test, vi } from "vitest";
import { connectNodeWebSocket } from "../../../src/transport/websocket/node-websocket.ts";

/** A `ws` that opens a socket of its own, as that of Bun before 1.4.5 does. */
class OtherWebSocket extends EventEmitter {
  terminate(): void {
    this.emit("error", new Error("terminated"));
    this.emit("close", 1006, "");
  }
}

afterEach(() => {
  vi.doUnmock("ws");
});

test("a runtime whose ws takes no socket is CONNECT_FAILED, and our socket is dropped", async () => {
  vi.doMock("ws", () => ({ WebSocket: OtherWebSocket }));
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const accepted = once(server, "connection") as Promise<[Socket]>;
  const tls = {
    servername: "127.0.0.1",
    ca: undefined,
    cert: undefined,
    key: undefined,
    pins: undefined,
    minVersion: "TLSv1.2",
  } as const;
  const target = { host: "127.0.0.1", port, tls };
  const url = `ws://127.0.0.1:${port}/`;
  await expect(
    connectNodeWebSocket(url, target, new AbortController().signal),
  ).rejects.toMatchObject({
    code: "CONNECT_FAILED",
    retryable: false,
    message: expect.stringContaining("its own ws, which takes no socket") as unknown,
  });
  const [socket] = await accepted;
  socket.resume();
  await once(socket, "close");
  server.close();
});
