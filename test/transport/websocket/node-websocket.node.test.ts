import { EventEmitter, once } from "node:events";
import { createServer, type Socket } from "node:net";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Transport } from "../../../src/transport/transport.ts";
import { connectNodeWebSocket } from "../../../src/transport/websocket/node-websocket.ts";
import { listen, recorder, target } from "../loopback.ts";

/** A `ws` that opens a socket of its own, as that of Bun before 1.4.5 does. */
class OtherWebSocket extends EventEmitter {
  terminate(): void {
    this.emit("error", new Error("terminated"));
    this.emit("close", 1006, "");
  }
}

let log: string[];
/** Each `ws` that was made, the newest last. */
let made: TakingWebSocket[];

/** A `ws` that takes our socket, and takes bytes when a test says so. */
class TakingWebSocket extends EventEmitter {
  readonly #taken: (() => void)[] = [];

  constructor(_url: string, _protocol: string, options: { createConnection(): Socket }) {
    super();
    made.push(this);
    options.createConnection();
    setImmediate(() => this.emit("open"));
  }

  send(text: string, taken?: () => void): void {
    log.push(text);
    if (taken !== undefined) this.#taken.push(taken);
  }

  /** The system takes the messages up to the next one whose sender wants to know. */
  take(): void {
    this.#taken.shift()?.();
  }

  close(): void {
    log.push("[close]");
  }

  terminate(): void {
    log.push("[terminate]");
  }
}

let accepted: Promise<[Socket]>;

/** Connects to a listener that says nothing, by a `ws` in place of the package. */
async function connect(WebSocket: unknown): Promise<Transport> {
  vi.doMock("ws", () => ({ WebSocket }));
  const server = createServer();
  const port = await listen(server);
  accepted = once(server, "connection") as Promise<[Socket]>;
  const { signal } = new AbortController();
  return await connectNodeWebSocket(`ws://127.0.0.1:${port}/`, target(port), signal);
}

/** A transport over a `ws` that takes bytes when a test says so. It has begun. */
async function open(): Promise<Transport> {
  const transport = await connect(TakingWebSocket);
  transport.start({
    ...recorder(log),
    close: (error) => log.push(`[closed ${error?.message ?? "in order"}]`),
  });
  return transport;
}

beforeEach(() => {
  log = [];
  made = [];
});

afterEach(() => {
  vi.doUnmock("ws");
});

test("a runtime whose ws takes no socket is CONNECT_FAILED, and our socket is dropped", async () => {
  await expect(connect(OtherWebSocket)).rejects.toMatchObject({
    code: "CONNECT_FAILED",
    retryable: false,
    message: expect.stringContaining("its own ws, which takes no socket") as unknown,
  });
  const [socket] = await accepted;
  socket.resume();
  await once(socket, "close");
});

/** A message of so many bytes, which begins with a letter. */
const message = (letter: string, bytes: number): string => letter.padEnd(bytes, ".");

/** The log, the messages by their letters. */
const told = (): string[] => log.map((each) => (each.startsWith("[") ? each : each.charAt(0)));

describe("messages of 16 KiB at a time are given to ws", () => {
  test("and one that is larger goes alone", async () => {
    const transport = await open();
    const sizes = { a: 8000, b: 8000, c: 20_000, d: 1 };
    for (const [letter, bytes] of Object.entries(sizes)) transport.write(message(letter, bytes));
    await expect.poll(told).toEqual(["[leaving]", "a", "b"]);
    made.at(-1)?.take();
    expect(told().slice(3)).toEqual(["c", "[taken 16000]"]);
    made.at(-1)?.take();
    made.at(-1)?.take();
    expect(told().slice(5)).toEqual(["d", "[taken 36000]", "[taken 36001]"]);
    expect([transport.handed, transport.taken]).toEqual([36_001, 36_001]);
  });

  test("and none of a turn that is not over", async () => {
    const transport = await open();
    transport.write(message("a", 16_384));
    await expect.poll(told).toEqual(["[leaving]", "a"]);
    transport.write("b");
    made.at(-1)?.take();
    expect(told().slice(2)).toEqual(["[taken 16384]"]);
    await expect.poll(() => told().slice(3)).toEqual(["[leaving]", "b"]);
  });

  test("and the end comes behind them", async () => {
    const transport = await open();
    transport.write(message("a", 16_384));
    transport.write("b");
    transport.end();
    expect(told()).toEqual(["[leaving]", "a"]);
    made.at(-1)?.take();
    expect(told().slice(2)).toEqual(["b", "[close]", "[taken 16384]"]);
    made.at(-1)?.emit("close", 1000, "");
    await expect.poll(() => log.at(-1)).toBe("[closed in order]");
  });

  test("and an end of the server's before the last of them is none in order", async () => {
    const transport = await open();
    transport.write(message("a", 16_384));
    transport.write("b");
    transport.end();
    made.at(-1)?.emit("close", 1000, "");
    await expect.poll(() => log.at(-1)).toContain("the connection was cut");
  });

  test("and none is given to it after the connection is dropped", async () => {
    const transport = await open();
    transport.write(message("a", 16_384));
    transport.write("b");
    await expect.poll(told).toEqual(["[leaving]", "a"]);
    transport.destroy();
    made.at(-1)?.take();
    await expect.poll(told).toEqual(["[leaving]", "a", "[terminate]", "[closed in order]"]);
    expect(transport.taken).toBe(0);
  });
});
