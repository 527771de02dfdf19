// Runs alone: it counts the open handles of its process.
import { createServer, type Socket } from "node:net";
import { describe, expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { connectTcp } from "../../src/transport/tcp.ts";
import type { Transport } from "../../src/transport/transport.ts";
import {
  eventually,
  leftOver,
  listen,
  recorder,
  started,
  target,
  turn,
  undo,
  undoAll,
} from "./loopback.ts";

/** A transport's end and the server's end of one connection, and what both have seen. */
async function connected(options: { allowHalfOpen?: boolean } = {}) {
  const server = createServer({ allowHalfOpen: true, ...options });
  const port = await listen(server);
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const transport = await connectTcp(target(port), new AbortController().signal);
  undo(() => {
    transport.destroy();
  });
  return { transport, socket: await accepted, port };
}

function chunksAt(socket: Socket): string[] {
  const chunks: string[] = [];
  socket.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
  socket.on("end", () => chunks.push("[end]"));
  return chunks;
}

describe("connecting over TCP", () => {
  test("knows both ends' addresses", async () => {
    const { transport, socket, port } = await connected();
    expect(transport.remote).toEqual({ host: "127.0.0.1", port });
    expect(transport.local).toEqual({ host: "127.0.0.1", port: socket.remotePort });
    expect(transport.tls).toBeUndefined();
  });

  test("reaches a host by its name", async () => {
    const port = await listen(createServer());
    const { signal } = new AbortController();
    const transport = await connectTcp(target(port, {}, "localhost"), signal);
    expect(transport.remote?.port).toBe(port);
    transport.destroy();
  });

  test.each([
    ["an address", "127.0.0.1"],
    ["a name of several addresses", "localhost"],
  ])("fails with CONNECT_FAILED where nobody listens at %s", async (_what, host) => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    const attempt = connectTcp(target(port, {}, host), new AbortController().signal);
    const error: unknown = await attempt.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "CONNECT_FAILED", retryable: true });
    expect(error).toMatchObject({ cause: { code: "ECONNREFUSED" } });
    expect(String(error)).toMatch(/: .*ECONNREFUSED 127\.0\.0\.1/);
  });

  test("fails with CONNECT_FAILED for a name nobody has", async () => {
    const attempt = connectTcp(target(5222, {}, "nobody.invalid"), new AbortController().signal);
    await expect(attempt).rejects.toMatchObject({ code: "CONNECT_FAILED", retryable: true });
  });

  test("refuses a port that is none", async () => {
    const attempt = connectTcp(target(70_000), new AbortController().signal);
    await expect(attempt).rejects.toMatchObject({ code: "BAD_OPTION" });
  });

  test("rejects with the reason of a signal, and drops the socket", async () => {
    const controller = new AbortController();
    // 192.0.2.0/24 is reserved for documentation (RFC 5737): packets to it get no answer.
    const attempt = connectTcp(target(5222, {}, "192.0.2.1"), controller.signal);
    const reason = new BrokerError("TIMEOUT_CONNECT");
    controller.abort(reason);
    await expect(attempt).rejects.toBe(reason);
    await eventually(leftOver).toEqual([]);
  });

  test("rejects at once when the signal was aborted before", async () => {
    const reason = new BrokerError("ABORTED");
    await expect(connectTcp(target(1), AbortSignal.abort(reason))).rejects.toBe(reason);
  });
});

describe("writing over TCP", () => {
  test("sends all writes of a turn in one piece", async () => {
    const { transport, socket } = await connected();
    const log = started(transport);
    const chunks = chunksAt(socket);
    transport.write("<a>");
    transport.write("ы🔑");
    transport.write(new TextEncoder().encode("bytes"));
    transport.write("");
    transport.write("</a>");
    expect(transport).toMatchObject({ handed: 3 + 6 + 5 + 4, taken: 0 });
    await eventually(() => chunks).toEqual(["<a>ы🔑bytes</a>"]);
    await eventually(() => log).toEqual(["[leaving]", "[taken 18]"]);
    expect(transport).toMatchObject({ handed: 18, taken: 18 });
  });

  test("joins a pair of surrogates that two writes split", async () => {
    const { transport, socket } = await connected();
    const chunks = chunksAt(socket);
    const key = "🔑";
    transport.write(key.charAt(0));
    transport.write(key.charAt(1));
    await eventually(() => chunks).toEqual([key]);
    await eventually(() => transport).toMatchObject({ handed: 4, taken: 4 });
  });

  test("takes a snapshot of the bytes it is given", async () => {
    const { transport, socket } = await connected();
    const chunks = chunksAt(socket);
    const bytes = new Uint8Array([0x61]);
    transport.write(bytes);
    bytes[0] = 0x62;
    await eventually(() => chunks).toEqual(["a"]);
  });
});

describe("reading over TCP", () => {
  test("delivers nothing before start", async () => {
    const { transport, socket } = await connected();
    socket.write("early");
    await roundTrip(transport, socket);
    const log = started(transport);
    expect(log).toEqual([]);
    await eventually(() => log).toEqual(["early"]);
  });

  test("delivers nothing while paused", async () => {
    const { transport, socket } = await connected();
    const log = started(transport);
    transport.pause();
    socket.write("later");
    await roundTrip(transport, socket);
    expect(log).toEqual(["[leaving]", "[taken 1]"]);
    transport.resume();
    await eventually(() => log).toEqual(["[leaving]", "[taken 1]", "later"]);
  });

  test("stays paused when it was paused before start", async () => {
    const { transport, socket } = await connected();
    transport.pause();
    const log = started(transport);
    socket.write("later");
    await roundTrip(transport, socket);
    expect(log).toEqual(["[leaving]", "[taken 1]"]);
    transport.resume();
    await eventually(() => log).toContain("later");
  });
});

describe("the end of a TCP connection", () => {
  test("end sends what is written first, and closes when the peer ends too", async () => {
    const { transport, socket } = await connected();
    const log = started(transport);
    const chunks = chunksAt(socket);
    transport.write("</stream:stream>");
    transport.end();
    transport.end();
    transport.write("too late");
    await eventually(() => chunks).toEqual(["</stream:stream>", "[end]"]);
    socket.end("answer");
    await eventually(() => log).toEqual(["[leaving]", "[taken 16]", "answer", "[end]", "[close]"]);
  });

  test("answers the peer's end after what is written in answer to it", async () => {
    const { transport, socket } = await connected();
    const log: string[] = [];
    transport.start({
      ...recorder(log),
      end() {
        log.push("[end]");
        transport.write("</stream:stream>");
      },
    });
    const chunks = chunksAt(socket);
    socket.end();
    await eventually(() => chunks).toEqual(["</stream:stream>", "[end]"]);
    await eventually(() => log).toEqual(["[end]", "[leaving]", "[taken 16]", "[close]"]);
  });

  test("destroy closes without an error, once, and drops what is queued", async () => {
    const { transport, socket } = await connected();
    const log = started(transport);
    const chunks = chunksAt(socket);
    transport.write("lost");
    transport.destroy();
    transport.destroy();
    transport.end();
    transport.write("nothing");
    transport.pause();
    transport.resume();
    await eventually(() => log).toEqual(["[close]"]);
    await eventually(() => chunks).toEqual(["[end]"]);
    expect(transport).toMatchObject({ handed: 4, taken: 0 });
  });

  test("a reset by the peer is DISCONNECTED with its cause", async () => {
    const { transport, socket } = await connected();
    const closed = new Promise<Error | undefined>((resolve) => {
      transport.start({ ...recorder([]), close: resolve });
    });
    socket.resetAndDestroy();
    expect(await closed).toMatchObject({
      code: "DISCONNECTED",
      retryable: true,
      cause: { code: "ECONNRESET" },
    });
  });

  test("a reset before start is reported after start", async () => {
    const { transport, socket } = await connected();
    socket.resetAndDestroy();
    await eventually(() => {
      const before = transport.handed;
      transport.write("into the void");
      return transport.handed - before;
    }).toBe(0);
    await turn();
    const log = started(transport);
    expect(log).toEqual([]);
    await eventually(() => log).toEqual(["[close DISCONNECTED]"]);
  });

  test("survives writing to a peer that is gone", async () => {
    const { transport, socket } = await connected();
    const log = started(transport);
    socket.resetAndDestroy();
    const closed = (): boolean => log.some((entry) => entry.startsWith("[close"));
    while (!closed()) {
      transport.write("is anybody there?");
      await turn();
    }
    transport.destroy();
    await turn();
    expect(log.filter((entry) => entry.startsWith("[close"))).toEqual(["[close DISCONNECTED]"]);
  });

  test("leaves no socket, timer or immediate behind", async () => {
    await eventually(leftOver).toEqual([]);
    for (const finish of ["end", "destroy"] as const) {
      const { transport, socket } = await connected();
      const log = started(transport);
      socket.on("end", () => socket.end());
      socket.resume();
      transport.write("text");
      transport[finish]();
      await eventually(() => log.at(-1)).toBe("[close]");
    }
    await undoAll();
    await eventually(leftOver).toEqual([]);
  });
});

/** Waits until what the server has written must have arrived: it has answered a question since. */
async function roundTrip(transport: Transport, socket: Socket): Promise<void> {
  const arrived = new Promise((resolve) => socket.once("data", resolve));
  transport.write("?");
  await arrived;
  await turn();
  await turn();
}
