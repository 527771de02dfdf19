import { createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket as ServerSide } from "node:tls";
import { describe, expect, test } from "vitest";
import { makeAuthority, makeCertificate } from "../../src/testing/certificate/certificate.ts";
import { connectTcp } from "../../src/transport/tcp.ts";
import type { Transport } from "../../src/transport/transport.ts";
import { eventually, listen, recorder, started, target, turn, undo } from "./loopback.ts";

const authority = makeAuthority();
const good = makeCertificate({ names: ["localhost"], authority });

const PIECE = 16_384;
const MEGABYTE = 1_000_000;

type Layer = "TCP" | "TLSv1.2" | "TLSv1.3";
const layers: Layer[] = ["TCP", "TLSv1.2", "TLSv1.3"];

/** A transport and the sockets of its peer: the clear one, and the one that reads clear text. */
async function connected(layer: Layer) {
  const server = createServer({ allowHalfOpen: true });
  const port = await listen(server);
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const transport = await connectTcp(
    target(port, { ca: [authority.ca] }),
    new AbortController().signal,
  );
  undo(() => {
    transport.destroy();
  });
  const clear = await accepted;
  if (layer === "TCP") return { transport, clear, peer: clear };
  const peer = accept(clear, layer);
  await transport.secure({ direct: false });
  return { transport, clear, peer };
}

function accept(clear: Socket, version: "TLSv1.2" | "TLSv1.3"): Socket {
  const { cert, key } = good;
  const versions = { minVersion: version, maxVersion: version };
  const peer = new ServerSide(clear, {
    isServer: true,
    secureContext: createSecureContext({ cert, key, ...versions }),
  });
  peer.on("error", () => undefined);
  return peer;
}

/** A peer that reads as many bytes as it is told to, or a few more, and then stops. */
function slowReader(peer: Socket) {
  let received = 0;
  let limit = 0;
  peer.pause();
  peer.on("data", (chunk: Buffer) => {
    received += chunk.length;
    if (received >= limit) peer.pause();
  });
  return {
    get received() {
      return received;
    },
    async reads(bytes: number) {
      limit = received + bytes;
      peer.resume();
      await eventually(() => received >= limit).toBe(true);
    },
  };
}

/**
 * Waits until a transport makes no progress any more, and returns the bytes taken. The number of looks decides, and not
 * the time: the event loop has a turn before each look, in which the socket reports progress. The waits are for the
 * system, which may hold an acknowledgement back for 40 ms.
 */
async function standstill(transport: Transport): Promise<number> {
  let taken = -1;
  for (let still = 0; still < 20; still++) {
    if (transport.taken !== taken) still = 0;
    taken = transport.taken;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return taken;
}

function allText(peer: Socket): { text: string } {
  const decoder = new TextDecoder();
  const all = { text: "" };
  peer.on("data", (chunk: Buffer) => {
    all.text += decoder.decode(chunk, { stream: true });
  });
  return all;
}

describe.each(layers)("progress over %s", (layer) => {
  test("grows while the peer reads, and stands while it does not", async () => {
    const { transport, peer } = await connected(layer);
    const reader = slowReader(peer);
    const before = transport.handed;
    for (let count = 0; count < 24; count++) transport.write("x".repeat(MEGABYTE));
    expect(transport.handed - before).toBe(24 * MEGABYTE);
    const first = await standstill(transport);
    expect(first).toBeLessThan(transport.handed);
    expect(first).toBeGreaterThanOrEqual(reader.received);

    await reader.reads(8 * MEGABYTE);
    const second = await standstill(transport);
    expect(second).toBeGreaterThan(first);
    expect(second).toBeGreaterThanOrEqual(reader.received);
    expect(second).toBeLessThan(transport.handed);

    await reader.reads(24 * MEGABYTE - reader.received);
    await eventually(() => transport.taken).toBe(transport.handed);
    expect(reader.received).toBe(24 * MEGABYTE);
  });

  test("tells each time the total, and in steps of a piece at most", async () => {
    const { transport, peer } = await connected(layer);
    const totals: number[] = [];
    transport.start({
      ...recorder([]),
      taken(total) {
        expect(total).toBe(transport.taken);
        totals.push(total);
      },
    });
    const reader = slowReader(peer);
    transport.write("x".repeat(MEGABYTE));
    expect(totals).toEqual([]);
    await reader.reads(MEGABYTE);
    await eventually(() => totals.at(-1)).toBe(MEGABYTE);
    const steps = totals.map((total, index) => total - (totals[index - 1] ?? 0));
    expect(Math.min(...steps)).toBeGreaterThan(0);
    expect(Math.max(...steps)).toBe(PIECE);
  });

  test.each<[string, (string | Uint8Array)[], number[]]>([
    ["a turn up to 16 KiB", ["x".repeat(10_000), "y".repeat(6384)], [16_384]],
    ["writes that fit", Array(7).fill("x".repeat(5000)), [15_000, 30_000, 35_000]],
    ["a write that does not", ["x", "y".repeat(40_000), "z"], [1, 16_385, 32_769, 40_001, 40_002]],
    ["characters of three bytes", ["€".repeat(6000), "€"], [16_384, 18_000, 18_003]],
    ["bytes", [new Uint8Array(20_000), new Uint8Array(3)], [16_384, 20_000, 20_003]],
    ["text and bytes", ["é", new Uint8Array([0x61]), "é", "x".repeat(16_379)], [16_384]],
    ["a pair of surrogates", ["\ud83d", "\udd11".padEnd(20_000)], [16_384, 20_003]],
    ["surrogates between pieces", [`${"x".repeat(16_381)}\ud83d`, "\udd11"], [16_381, 16_385]],
  ])("cuts %s", async (_what, writes, totals) => {
    const { transport, peer } = await connected(layer);
    const log = started(transport);
    const all = allText(peer);
    for (const write of writes) transport.write(write);
    expect(transport.handed).toBe(totals.at(-1));
    await eventually(() => log).toEqual(["[leaving]", ...totals.map((n) => `[taken ${n}]`)]);
    const decoder = new TextDecoder();
    const text = writes
      .map((one) => (typeof one === "string" ? one : decoder.decode(one)))
      .join("");
    await eventually(() => all.text === text).toBe(true);
  });

  test("joins the writes of many turns into pieces while the peer does not read", async () => {
    const { transport, peer } = await connected(layer);
    const reader = slowReader(peer);
    transport.write("x".repeat(16 * MEGABYTE));
    await standstill(transport);
    const totals: number[] = [];
    transport.start({ ...recorder([]), taken: (total) => void totals.push(total) });
    for (let count = 0; count < 20; count++) {
      transport.write("y".repeat(1000));
      await turn();
    }
    await reader.reads(16 * MEGABYTE + 20_000);
    await eventually(() => totals.at(-1)).toBe(transport.handed);
    expect(totals.slice(-3)).toEqual([0, 16_000, 20_000].map((n) => 16 * MEGABYTE + n));
  });

  test("end sends everything that waits for a slow reader first", async () => {
    const { transport, peer } = await connected(layer);
    const reader = slowReader(peer);
    const ended = new Promise((resolve) => peer.once("end", resolve));
    transport.write("x".repeat(8 * MEGABYTE));
    transport.end();
    transport.write("too late");
    await reader.reads(8 * MEGABYTE);
    peer.resume();
    await ended;
    expect(reader.received).toBe(8 * MEGABYTE);
    expect(transport).toMatchObject({ handed: 8 * MEGABYTE, taken: 8 * MEGABYTE });
  });

  test("destroy drops what waits, and the counts stand", async () => {
    const { transport, peer } = await connected(layer);
    slowReader(peer);
    const log = started(transport);
    transport.write("x".repeat(16 * MEGABYTE));
    const taken = await standstill(transport);
    transport.destroy();
    await eventually(() => log.at(-1)).toBe("[close]");
    expect(transport).toMatchObject({ handed: 16 * MEGABYTE, taken });
    expect(log.at(-2)).toBe(`[taken ${taken}]`);
  });
});

describe.each(layers)("a turn's write leaves over %s", (layer) => {
  /** Starts a transport whose owner does something when a write leaves, the first few times. */
  async function leaves(...actions: ((transport: Transport) => unknown)[]) {
    const { transport, peer } = await connected(layer);
    const log: string[] = [];
    transport.start({
      ...recorder(log),
      leaving() {
        log.push("[leaving]");
        actions.shift()?.(transport);
      },
    });
    const chunks: string[] = [];
    peer.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
    peer.on("end", () => chunks.push("[end]"));
    return { transport, log, chunks };
  }

  test("with what its owner adds at the last moment", async () => {
    const { transport, log, chunks } = await leaves((to) => {
      to.write("<r/>");
    });
    transport.write("<a/>");
    transport.write("<b/>");
    expect(log).toEqual([]);
    await eventually(() => chunks).toEqual(["<a/><b/><r/>"]);
    await eventually(() => log).toEqual(["[leaving]", "[taken 12]"]);
  });

  test("once in each turn that writes, and in no other", async () => {
    const { transport, log, chunks } = await leaves();
    for (const text of ["1", "2", "", "3"]) {
      transport.write(text);
      await turn();
      await turn();
    }
    await eventually(() => chunks.join("")).toBe("123");
    expect(log.filter((entry) => entry === "[leaving]")).toHaveLength(3);
  });

  test("once for however much it is", async () => {
    const { transport, log, chunks } = await leaves((to) => {
      to.write("<r/>");
    });
    for (let count = 0; count < 500; count++) transport.write("x".repeat(1000));
    await eventually(() => chunks.join("").length).toBe(500_004);
    expect(chunks.join("").endsWith("x<r/>")).toBe(true);
    expect(log.filter((entry) => entry === "[leaving]")).toHaveLength(1);
  });

  test("when end sends it early, before the end itself", async () => {
    const { transport, log, chunks } = await leaves((to) => {
      to.write("<r/>");
    });
    transport.write("<a/>");
    transport.end();
    expect(log).toEqual(["[leaving]"]);
    await eventually(() => chunks).toEqual(["<a/><r/>", "[end]"]);
    await turn();
    expect(log.filter((entry) => entry === "[leaving]")).toHaveLength(1);
  });

  test("not for an end with nothing written", async () => {
    const { transport, log, chunks } = await leaves();
    transport.end();
    await eventually(() => chunks).toEqual(["[end]"]);
    expect(log).toEqual([]);
  });

  test("and its owner may end the transport then", async () => {
    const { transport, log, chunks } = await leaves((to) => {
      to.write("<r/>");
      to.end();
      to.write("too late");
    });
    transport.write("<a/>");
    await eventually(() => chunks).toEqual(["<a/><r/>", "[end]"]);
    expect(log.filter((entry) => entry === "[leaving]")).toHaveLength(1);
  });

  test("and its owner may destroy the transport then: nothing leaves", async () => {
    const { transport, log, chunks } = await leaves((to) => {
      to.destroy();
      to.write("too late");
    });
    transport.write("<a/>");
    await eventually(() => log).toEqual(["[leaving]", "[close]"]);
    await eventually(() => chunks).toEqual(["[end]"]);
    expect(transport).toMatchObject({ handed: 4, taken: 0 });
  });

  test("anew for what is written when bytes were taken", async () => {
    const { transport, peer } = await connected(layer);
    const log: string[] = [];
    const all = allText(peer);
    transport.start({
      ...recorder(log),
      taken(total) {
        log.push(`[taken ${total}]`);
        if (total < 5) transport.write("b");
      },
    });
    transport.write("aaaa");
    await eventually(() => all.text).toBe("aaaab");
    await eventually(() => log).toEqual(["[leaving]", "[taken 4]", "[leaving]", "[taken 5]"]);
  });
});

describe("TLS in the middle of a transport's progress", () => {
  test("begins when all clear text is taken, and the counts go on", async () => {
    const { transport, clear } = await connected("TCP");
    const log: string[] = [];
    transport.start({
      ...recorder(log),
      leaving: () => void log.push(`[leaving ${transport.tls?.protocol ?? "clear"}]`),
    });
    const stanza = "x".repeat(3000);
    const text = stanza.repeat(6001);
    clear.pause();
    for (let sent = 0; sent < text.length; sent += stanza.length) transport.write(stanza);
    const taken = await standstill(transport);
    expect(taken).toBeLessThan(text.length);
    const securing = transport.secure({ direct: false });
    transport.write("<stream>");
    expect(transport).toMatchObject({ handed: text.length + 8, taken });
    let read = 0;
    while (read < text.length) {
      const chunk = clear.read(Math.min(clear.readableLength, text.length - read)) as Buffer | null;
      if (chunk === null) await turn();
      else read += chunk.length;
    }
    const all = allText(accept(clear, "TLSv1.3"));
    await securing;
    await eventually(() => all.text).toBe("<stream>");
    await eventually(() => log.at(-1)).toBe(`[taken ${text.length + 8}]`);
    expect(log.filter((entry) => entry.startsWith("[leaving"))).toEqual([
      "[leaving clear]",
      "[leaving TLSv1.3]",
    ]);
  });

  test("sends a turn's write early, and tells of it once", async () => {
    const { transport, clear } = await connected("TCP");
    const log: string[] = [];
    let isFirst = true;
    transport.start({
      ...recorder(log),
      leaving() {
        log.push("[leaving]");
        if (isFirst) transport.write("tls/>");
        isFirst = false;
      },
    });
    transport.write("<start");
    const heard = new Promise((resolve) => clear.once("data", resolve));
    transport.secure({ direct: false }).catch(() => undefined);
    expect(log).toEqual(["[leaving]"]);
    // The handshake may follow at once.
    expect(String(await heard)).toMatch(/^<starttls\/>/);
    transport.destroy();
  });

  test("ends with the connection when its owner destroys it while a write leaves", async () => {
    const { transport } = await connected("TCP");
    transport.start({
      ...recorder([]),
      leaving: () => {
        transport.destroy();
      },
    });
    transport.write("<starttls/>");
    await expect(transport.secure({ direct: false })).rejects.toMatchObject({ code: "TLS_FAILED" });
  });

  test("an end before it is there waits for it", async () => {
    const { transport, clear } = await connected("TCP");
    const log = started(transport);
    const peer = accept(clear, "TLSv1.3");
    const all = allText(peer);
    const ended = new Promise((resolve) => peer.once("end", resolve));
    const securing = transport.secure({ direct: false });
    transport.write("<last/>");
    transport.end();
    await securing;
    await ended;
    expect(all.text).toBe("<last/>");
    expect(log).toContain("[taken 7]");
  });
});
