import { expect, onTestFinished, test, vi } from "vitest";
import { BrokerError } from "../../../src/base/errors.ts";
import type { Transport } from "../../../src/transport/transport.ts";
import { connectPlatformWebSocket } from "../../../src/transport/websocket/platform-websocket.ts";
import { settled } from "../../virtual-clock.ts";
import { target } from "../loopback.ts";

const REFUSAL = "Cannot perform I/O on behalf of a different request.";

/** The WebSocket of a worker in another request than that which opened it. */
class ForeignSocket {
  binaryType = "blob";
  readonly bufferedAmount = 0;
  readonly protocol = "xmpp";
  onopen: (() => void) | null = null;

  constructor() {
    queueMicrotask(() => this.onopen?.());
  }

  send(): never {
    throw new TypeError(REFUSAL);
  }

  close(): never {
    throw new TypeError(REFUSAL);
  }
}

/** A transport over such a WebSocket, and what it tells. */
async function open(): Promise<{ transport: Transport; ends: unknown[] }> {
  vi.stubGlobal("WebSocket", ForeignSocket);
  onTestFinished(() => void vi.unstubAllGlobals());
  const { signal } = new AbortController();
  const transport = await connectPlatformWebSocket(
    "ws://localhost/",
    target(80, {}, "localhost"),
    signal,
  );
  const ends: unknown[] = [];
  const nothing = (): void => undefined;
  const others = { data: nothing, end: nothing, taken: nothing, leaving: nothing };
  transport.start({ ...others, close: (error) => void ends.push(error) });
  return { transport, ends };
}

const LOST = new BrokerError("DISCONNECTED", REFUSAL, { retryable: true });

test.each([
  [
    "a write",
    (transport: Transport) => {
      transport.write("<a/>");
    },
    [LOST],
  ],
  [
    "the closing handshake",
    (transport: Transport) => {
      transport.end();
    },
    [LOST],
  ],
  [
    "the end at once",
    (transport: Transport) => {
      transport.destroy();
    },
    [undefined],
  ],
])("a WebSocket of another request refuses %s, which ends the connection", async (_, act, ends) => {
  const opened = await open();
  act(opened.transport);
  await settled();
  await settled();
  expect(opened.ends).toEqual(ends);
  expect(opened.transport.taken).toBe(0);
});
