import { describe, expect, test, vi } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { type MemoryOptions, memoryPair } from "../../src/transport/memory.ts";
import type { Transport } from "../../src/transport/transport.ts";

const facts = { protocol: "TLSv1.3", cipher: "TLS_AES_128_GCM_SHA256", alpn: undefined };
const direct = { direct: true };

/** Starts a transport and writes down what it reports. */
function listen(transport: Transport): string[] {
  const log: string[] = [];
  const decoder = new TextDecoder("latin1");
  transport.start({
    data: (bytes) => void log.push(decoder.decode(bytes)),
    leaving: () => void log.push("[leaving]"),
    taken: (total) => void log.push(`[taken ${total}]`),
    end: () => void log.push("[end]"),
    close: (error) =>
      void log.push(error instanceof BrokerError ? `[close ${error.code}]` : "[close]"),
  });
  return log;
}

function pair(options?: MemoryOptions) {
  const [client, server] = memoryPair(options);
  return { client, server, atClient: listen(client), atServer: listen(server) };
}

describe("a pair in memory", () => {
  test("delivers what one turn wrote in one piece, and never inside write", async () => {
    const { client, atServer, atClient } = pair();
    client.write("<a>");
    client.write(new Uint8Array([0x31, 0x32]));
    client.write("</a>");
    expect(atServer).toEqual([]);
    expect(client).toMatchObject({ handed: 9, taken: 0 });
    await eventually(() => atServer).toEqual(["<a>12</a>"]);
    expect(client).toMatchObject({ handed: 9, taken: 9 });
    expect(atClient).toEqual(["[leaving]", "[taken 9]"]);
  });

  test("delivers while a test holds the clock", async () => {
    vi.useFakeTimers();
    const { client, atServer } = pair();
    client.write("tick");
    await eventually(() => atServer).toEqual(["tick"]);
    vi.useRealTimers();
  });

  test("takes a snapshot of the bytes it is given", async () => {
    const { client, atServer } = pair();
    const bytes = new Uint8Array([0x61]);
    client.write(bytes);
    bytes[0] = 0x62;
    await eventually(() => atServer).toEqual(["a"]);
  });

  test.each<[string, MemoryOptions, string[]]>([
    ["byte by byte", { cut: 1 }, ["a", "b", "c", "d", "e"]],
    ["in pieces of two", { cut: 2 }, ["ab", "cd", "e"]],
    ["at one place", { cut: [3] }, ["abc", "de"]],
    ["at several places", { cut: [4, 1] }, ["a", "bcd", "e"]],
    ["not at all", {}, ["abcde"]],
  ])("cuts %s", async (_where, options, pieces) => {
    const { client, atServer } = pair(options);
    client.write("abcde");
    await eventually(() => atServer).toEqual(pieces);
  });

  test.each([0, -1, 1.5, Number.NaN, [0], [3, 1.5]])("cannot be cut at %j", (cut) => {
    expect(() => memoryPair({ cut })).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
  });

  test("counts the offsets of a cut from the first byte of all", async () => {
    const { client, atServer } = pair({ cut: [5] });
    client.write("abc");
    await eventually(() => atServer).toEqual(["abc"]);
    client.write("def");
    await eventually(() => atServer).toEqual(["abc", "de", "f"]);
  });

  test("delivers at most 64 KiB at a time", async () => {
    const { client, atServer } = pair();
    client.write("x".repeat(70_000));
    await eventually(() => atServer.map((piece) => piece.length)).toEqual([65_536, 4_464]);
  });

  test("delivers nothing before start, and what waited afterwards", async () => {
    const [client, server] = memoryPair();
    client.write("early");
    client.end();
    const atClient = listen(client);
    server.write("answer");
    await eventually(() => atClient).toEqual(["answer"]);
    expect(client).toMatchObject({ handed: 5, taken: 0 });
    const atServer = listen(server);
    await eventually(() => atServer).toEqual(["early", "[end]", "[close]"]);
  });

  test("does not read while paused, and the writer sees that nothing is taken", async () => {
    const { client, server, atServer, atClient } = pair();
    server.pause();
    client.write("1");
    server.write("other way");
    await eventually(() => atClient).toEqual(["[leaving]", "other way"]);
    client.write("2");
    expect(client).toMatchObject({ handed: 2, taken: 0 });
    server.resume();
    await eventually(() => atServer).toEqual(["[leaving]", "[taken 9]", "12"]);
    expect(atClient).toEqual(["[leaving]", "other way", "[leaving]", "[taken 2]"]);
  });

  test("a pause from within data holds back the next piece", async () => {
    const [client, server] = memoryPair({ cut: 1 });
    const got: number[] = [];
    server.start({
      data(bytes) {
        got.push(...bytes);
        server.pause();
      },
      leaving: () => undefined,
      taken: () => undefined,
      end: () => undefined,
      close: () => undefined,
    });
    client.start({
      data: () => undefined,
      leaving: () => undefined,
      taken: () => undefined,
      end: () => undefined,
      close: () => undefined,
    });
    client.write("ab");
    await eventually(() => got).toEqual([0x61]);
    expect(client).toMatchObject({ handed: 2, taken: 1 });
    server.resume();
    await eventually(() => got).toEqual([0x61, 0x62]);
  });

  test("end lets everything written arrive, and the other side ends by itself", async () => {
    const { client, atServer, atClient } = pair({ cut: 2 });
    client.write("bye");
    client.end();
    client.write("too late");
    await eventually(() => atServer).toEqual(["by", "e", "[end]", "[close]"]);
    expect(atClient).toEqual(["[leaving]", "[taken 2]", "[taken 3]", "[end]", "[close]"]);
  });

  test("what is written in answer to the end still arrives", async () => {
    const [client, server] = memoryPair();
    const atClient = listen(client);
    server.start({
      data: () => undefined,
      leaving: () => undefined,
      taken: () => undefined,
      end: () => {
        server.write("</stream>");
      },
      close: () => undefined,
    });
    client.end();
    await eventually(() => atClient).toEqual(["</stream>", "[end]", "[close]"]);
  });

  test("destroy drops what is under way and closes both ends without an error", async () => {
    const { client, server, atServer, atClient } = pair();
    client.write("lost");
    client.destroy();
    client.destroy();
    client.write("nothing");
    expect(client).toMatchObject({ handed: 4, taken: 0 });
    await eventually(() => atServer).toEqual(["[end]", "[close]"]);
    expect(atClient).toEqual(["[close]"]);
    server.destroy();
    server.end();
    await turns();
    expect(atServer).toEqual(["[end]", "[close]"]);
  });

  test("destroy after our end closes the other side too", async () => {
    const { client, server, atServer, atClient } = pair();
    client.pause();
    client.end();
    await eventually(() => atServer).toEqual(["[end]"]);
    server.write("unread");
    client.destroy();
    // (The dropped write may have been about to leave.)
    const ends = () => atServer.filter((entry) => entry !== "[leaving]");
    await eventually(ends).toEqual(["[end]", "[close]"]);
    expect(atClient).toEqual(["[close]"]);
  });

  test("sever closes both ends with the error, and the close waits for start", async () => {
    const [client, server] = memoryPair();
    const atClient = listen(client);
    client.write("lost");
    client.sever(new BrokerError("DISCONNECTED"));
    await eventually(() => atClient).toEqual(["[close DISCONNECTED]"]);
    const atServer = listen(server);
    await eventually(() => atServer).toEqual(["[close DISCONNECTED]"]);
  });
});

describe("a turn's write leaves in memory", () => {
  /** A pair whose client does something when a write leaves, the first time. */
  function leaves(action: (client: Transport) => void, options?: MemoryOptions) {
    const [client, server] = memoryPair(options);
    const log: string[] = [];
    let isFirst = true;
    client.start({
      data: () => undefined,
      leaving: () => {
        log.push("[leaving]");
        if (isFirst) action(client);
        isFirst = false;
      },
      taken: (total) => void log.push(`[taken ${total}]`),
      end: () => void log.push("[end]"),
      close: () => void log.push("[close]"),
    });
    return { client, server, log, atServer: listen(server) };
  }

  test("with what its owner adds at the last moment", async () => {
    const { client, log, atServer } = leaves((to) => {
      to.write("<r/>");
    });
    client.write("<a/>");
    client.write("<b/>");
    expect(log).toEqual([]);
    await eventually(() => atServer).toEqual(["<a/><b/><r/>"]);
    expect(log).toEqual(["[leaving]", "[taken 12]"]);
  });

  test("once, however it is cut", async () => {
    const { client, log, atServer } = leaves(() => undefined, { cut: 2 });
    client.write("abcde");
    await eventually(() => atServer).toEqual(["ab", "cd", "e"]);
    expect(log).toEqual(["[leaving]", "[taken 2]", "[taken 4]", "[taken 5]"]);
  });

  test("also while the peer does not read", async () => {
    const { client, server, log } = leaves(() => undefined);
    server.pause();
    client.write("1");
    await eventually(() => log).toEqual(["[leaving]"]);
    client.write("2");
    await eventually(() => log).toEqual(["[leaving]", "[leaving]"]);
    server.resume();
    await eventually(() => log).toEqual(["[leaving]", "[leaving]", "[taken 2]"]);
  });

  test("before its end, and not for an end with nothing written", async () => {
    const one = leaves((client) => {
      client.write("<r/>");
    });
    one.client.write("<a/>");
    one.client.end();
    expect(one.log).toEqual(["[leaving]"]);
    await eventually(() => one.atServer).toEqual(["<a/><r/>", "[end]", "[close]"]);
    const other = leaves(() => undefined);
    other.client.end();
    await eventually(() => other.atServer).toEqual(["[end]", "[close]"]);
    expect(other.log).toEqual(["[end]", "[close]"]);
  });

  test("and its owner may end the pair then", async () => {
    const { client, log, atServer } = leaves((to) => {
      to.write("<r/>");
      to.end();
      to.write("too late");
    });
    client.write("<a/>");
    await eventually(() => atServer).toEqual(["<a/><r/>", "[end]", "[close]"]);
    expect(log).toEqual(["[leaving]", "[taken 8]", "[end]", "[close]"]);
  });

  test("and its owner may destroy it then: nothing arrives", async () => {
    const { client, log, atServer } = leaves((to) => {
      to.destroy();
    });
    client.write("<a/>");
    await eventually(() => atServer).toEqual(["[end]", "[close]"]);
    expect(log).toEqual(["[leaving]", "[close]"]);
    expect(client).toMatchObject({ handed: 4, taken: 0 });
  });
});

describe("TLS in memory", () => {
  test("is refused, and ends the connection", async () => {
    const { client, atClient, atServer } = pair();
    await expect(client.secure(direct)).rejects.toMatchObject({ code: "TLS_FAILED" });
    await eventually(() => atClient).toEqual(["[close TLS_FAILED]"]);
    await eventually(() => atServer).toEqual(["[end]", "[close]"]);
    await expect(client.secure(direct)).rejects.toMatchObject({ code: "TLS_FAILED" });
  });

  test("is pretended with the facts given", async () => {
    const { client } = pair({ tls: facts });
    expect(client.tls).toBeUndefined();
    await expect(client.secure(direct)).resolves.toEqual(facts);
    expect(client.tls).toEqual(facts);
  });

  test("is a violation of the protocol when clear text has arrived before it", async () => {
    const [client, server] = memoryPair({ tls: facts, cut: 1 });
    const log: string[] = [];
    client.start({
      data(bytes) {
        log.push(String.fromCharCode(...bytes));
        client.secure(direct).catch((error: unknown) => {
          log.push(error instanceof BrokerError ? error.code : "?");
        });
      },
      leaving: () => undefined,
      taken: () => undefined,
      end: () => undefined,
      close: (error) => void log.push(error instanceof BrokerError ? `[close ${error.code}]` : "?"),
    });
    server.write("><");
    await eventually(() => log).toEqual([">", "PROTOCOL_ERROR", "[close PROTOCOL_ERROR]"]);
  });
});

/** Polls as fast as turns of the event loop come. */
function eventually<T>(read: () => T) {
  return expect.poll(read, { interval: 1 });
}

/** Resolves after a few turns of the event loop, as counted by another pair. */
async function turns(): Promise<void> {
  const [near, far] = memoryPair({ cut: 1 });
  const log = listen(far);
  near.write("12345678");
  await eventually(() => log).toHaveLength(8);
}
