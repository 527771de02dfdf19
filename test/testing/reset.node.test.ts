import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { reset } from "../../src/testing/reset.ts";

/** Both ends of a connection. */
async function pair(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  const accepted = once(server, "connection") as Promise<[Socket]>;
  await once(server, "listening");
  const near = connect((server.address() as AddressInfo).port, "127.0.0.1");
  const [far] = await accepted;
  near.on("error", () => undefined);
  far.on("error", () => undefined);
  onTestFinished(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return [near, far];
}

test("a reset is an error on the other side", async () => {
  const [near, far] = await pair();
  const failed = once(far, "error");
  far.resume();
  reset(near);
  expect(await failed).toMatchObject([{ code: "ECONNRESET" }]);
});

test("a connection whose half is ending is dropped, and closes", async () => {
  const [near, far] = await pair();
  const closed = once(near, "close");
  far.resume();
  near.end("last words");
  reset(near);
  await closed;
});

test("where the runtime cannot reset, the connection is dropped", async () => {
  const [near, far] = await pair();
  const closed = once(near, "close");
  far.resume();
  Object.defineProperty(near, "resetAndDestroy", { value: undefined });
  reset(near);
  await closed;
});
