import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { CutMode, CutReport, RelayOptions } from "../../../src/testing/index.ts";
import { CuttingRelay } from "../../../src/testing/index.ts";

/** One end of a relayed connection, and all that it has seen. */
class End {
  readonly socket: Socket;
  heard = "";
  /** The events of the connection, in order. */
  readonly events: string[] = [];
  #wake: () => void = () => undefined;

  constructor(socket: Socket) {
    this.socket = socket;
    const tell = (event: string): void => {
      this.events.push(event);
      this.#wake();
    };
    socket.setEncoding("latin1");
    socket.on("data", (text: string) => {
      this.heard += text;
      this.#wake();
    });
    socket.on("end", () => {
      tell("end");
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      tell(error.code ?? "");
    });
    socket.on("close", () => {
      tell("close");
    });
  }

  /** Waits until it is so. */
  async until(isSo: (end: this) => boolean): Promise<void> {
    while (!isSo(this)) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  hears(text: string): Promise<void> {
    return this.until(({ heard }) => heard.endsWith(text));
  }
}

/** A relay to a server that only listens; `dial` gives both ends of a new connection. */
async function scene(options: Partial<RelayOptions> = {}) {
  const arrived: End[] = [];
  let wake: () => void = () => undefined;
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    arrived.push(new End(socket));
    wake();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as { port: number };
  const relay = await CuttingRelay.start({ to: { port }, seed: 1, ...options });
  const clients: End[] = [];
  onTestFinished(async () => {
    for (const { socket } of [...clients, ...arrived]) socket.destroy();
    await relay.close();
    server.close();
  });
  const dial = async () => {
    const client = new End(connect({ port: relay.port, host: "127.0.0.1", allowHalfOpen: true }));
    clients.push(client);
    while (arrived.length < clients.length) {
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
    }
    const served = arrived.at(-1);
    if (served === undefined) throw new TypeError("nothing has arrived");
    return { client, served };
  };
  return { relay, dial, server };
}

describe("until it cuts, a relay", () => {
  test("passes bytes both ways, and the end of each half by itself", async () => {
    const { relay, dial } = await scene();
    const { client, served } = await dial();
    client.socket.write("question");
    await served.hears("question");
    served.socket.write("answer");
    await client.hears("answer");
    client.socket.end();
    await served.until(({ events }) => events.includes("end"));
    served.socket.write(", late");
    await client.hears("answer, late");
    expect(relay.passed).toEqual({ up: 8, down: 12 });
    served.socket.end();
    await client.until(({ events }) => events.includes("close"));
    expect(client.events).toEqual(["end", "close"]);
    expect(relay.accepted).toBe(1);
  });

  test("holds no more for a slow reader than sockets do, and loses nothing", async () => {
    const { relay, dial } = await scene();
    const { client, served } = await dial();
    served.socket.pause();
    const size = 32 * 1024 * 1024;
    const block = Buffer.alloc(1024 * 1024, "x");
    for (let sent = 0; sent < size; sent += block.length) client.socket.write(block);
    // It reads no more: what is left waits in the client.
    let before = -1;
    while (relay.passed.up !== before) {
      before = relay.passed.up;
      for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
    }
    expect(relay.passed.up).toBeLessThan(size);
    served.socket.resume();
    await served.until(({ heard }) => heard.length === size);
  });

  test("passes an abrupt end on as one", async () => {
    const { dial } = await scene();
    const { client, served } = await dial();
    client.socket.write("x");
    await served.hears("x");
    served.socket.resetAndDestroy();
    await client.until(({ events }) => events.includes("close"));
    expect(client.events).toEqual(["ECONNRESET", "close"]);
  });

  test("resets clients whose server cannot be reached", async () => {
    const { relay, dial, server } = await scene();
    await dial();
    server.close();
    const late = new End(connect({ port: relay.port, host: "127.0.0.1" }));
    await late.until(({ events }) => events.includes("close"));
    expect(late.events).toEqual(["ECONNRESET", "close"]);
  });
});

const UP = "abcdefghij";

/** The bytes that each mode lets through: ten from each end, cut behind the fourth of the client's. */
const MODES: readonly [CutMode, { end: readonly string[]; up: string; down: string }][] = [
  ["reset", { end: ["ECONNRESET", "close"], up: "abcd", down: "" }],
  ["fin", { end: ["end"], up: "abcd", down: "" }],
  ["black-hole", { end: [], up: "abcd", down: "" }],
  ["black-hole-up", { end: [], up: "abcd", down: "0123456789" }],
  ["black-hole-down", { end: [], up: UP, down: "" }],
  ["stall", { end: [], up: "abcd", down: "" }],
];

describe.each(MODES)("%s", (mode, { end, up, down }) => {
  test("lets so many bytes pass, and then does what it says", async () => {
    const { relay, dial } = await scene();
    const { client, served } = await dial();
    const cut = relay.cut(mode, { at: { bytes: 4 } });
    client.socket.write(UP);
    expect(await cut).toEqual({ mode, connections: 1, up: 4, down: 0 });
    served.socket.write("0123456789");
    if (end.length > 0) {
      for (const one of [client, served])
        await one.until(({ events }) => events.length >= end.length);
    }
    // The bytes of another connection pass, and shows that the first one's bytes have had their time.
    const other = await dial();
    other.client.socket.write("later");
    await other.served.hears("later");
    other.served.socket.write("later");
    await other.client.hears("later");
    await client.hears(down);
    // A reset may overtake what has passed.
    if (mode === "reset") expect(up).toContain(served.heard);
    else await served.hears(up);
    expect(served.heard.length).toBeLessThanOrEqual(up.length);
    expect(client.heard).toBe(down);
    expect([client.events, served.events]).toEqual([end, end]);
  });

  test("cuts all connections at once, and none where there are none", async () => {
    const { relay, dial } = await scene();
    expect(await relay.cut(mode)).toEqual({ mode, connections: 0, up: 0, down: 0 });
    const ends = [await dial(), await dial()];
    for (const { client, served } of ends) {
      client.socket.write("one");
      await served.hears("one");
    }
    expect(await relay.cut(mode)).toEqual({ mode, connections: 2, up: 6, down: 0 });
    for (const { client, served } of ends) {
      if (end.length > 0) await client.until(({ events }) => events.length >= end.length);
      expect([client.events, served.heard]).toEqual([end, "one"]);
    }
  });
});

test("a stall holds bytes back, and a release loses and doubles none", async () => {
  const { relay, dial } = await scene();
  const { client, served } = await dial();
  for (let round = 0; round < 3; round++) {
    const cut = relay.cut("stall", { at: { within: 5 } });
    client.socket.write(UP);
    served.socket.write(UP);
    const { up } = await cut;
    expect(up).toBeLessThan(UP.length * (round + 1));
    relay.release();
    await served.hears(UP.repeat(round + 1));
    await client.hears(UP.repeat(round + 1));
  }
  expect([client.heard, served.heard]).toEqual([UP.repeat(3), UP.repeat(3)]);
});

test("another cut may fall into what a stall held back", async () => {
  const { relay, dial } = await scene();
  const { client, served } = await dial();
  const stalled = relay.cut("stall", { at: { bytes: 2 } });
  const again = relay.cut("stall", { at: { bytes: 5 } });
  const ended = relay.cut("fin", { at: { bytes: 7 } });
  client.socket.write(UP);
  expect((await stalled).up).toBe(2);
  relay.release();
  expect((await again).up).toBe(5);
  relay.release();
  expect((await ended).up).toBe(7);
  await served.until(({ events }) => events.includes("end"));
  expect(served.heard).toBe("abcdefg");
});

test("a black hole can still be reset", async () => {
  const { relay, dial } = await scene();
  const { client } = await dial();
  await relay.cut("black-hole");
  expect((await relay.cut("reset")).connections).toBe(1);
  await client.until(({ events }) => events.includes("close"));
  expect(client.events).toEqual(["ECONNRESET", "close"]);
  expect((await relay.cut("reset")).connections).toBe(0);
});

test("a cut waits for the connection that gets to its place first, and happens once", async () => {
  const { relay, dial } = await scene();
  const cut = relay.cut("fin", { at: { after: "now" } });
  const first = await dial();
  const second = await dial();
  first.client.socket.write("no");
  second.client.socket.write("now or never");
  await cut;
  first.client.socket.write("w and ever");
  await first.served.hears("now and ever");
  await second.served.until(({ events }) => events.includes("end"));
  expect(second.served.heard).toBe("now");
});

test("the same seed cuts at the same places, another one at others", async () => {
  const places = async (seed?: number): Promise<[number, number[]]> => {
    const { relay, dial } = await scene({ seed });
    const cuts: number[] = [];
    for (let round = 0; round < 5; round++) {
      const cut: Promise<CutReport> = relay.cut("fin", { at: { within: 5000 } });
      const { client } = await dial();
      client.socket.write("x".repeat(5000));
      cuts.push((await cut).up);
    }
    return [relay.seed, cuts];
  };
  const [, first] = await places(7);
  expect((await places(7))[1]).toEqual(first);
  expect((await places(8))[1]).not.toEqual(first);
  const [seed, random] = await places(undefined);
  expect((await places(seed))[1]).toEqual(random);
});

test("it refuses new connections on demand, and accepts them again on the same port", async () => {
  const { relay, dial } = await scene();
  const { client, served } = await dial();
  relay.refuse();
  const refused = new End(connect({ port: relay.port, host: "127.0.0.1" }));
  await refused.until(({ events }) => events.includes("close"));
  expect(refused.events).toEqual(["ECONNREFUSED", "close"]);
  client.socket.write("still here");
  await served.hears("still here");
  await relay.accept();
  await relay.accept();
  const other = await dial();
  other.client.socket.write("back");
  await other.served.hears("back");
});

test("closing ends each connection in order, whatever its state, and all cuts that wait", async () => {
  const { relay, dial } = await scene();
  const states: CutMode[] = ["black-hole", "stall", "fin", "reset"];
  const ends = [];
  for (const mode of states) {
    ends.push(await dial());
    await relay.cut(mode);
  }
  ends.push(await dial());
  const waiting = relay.cut("fin", { at: "bind" });
  // Not waited for: its rejection harms nobody.
  void relay.cut("fin", { at: "sasl" });
  await Promise.all([relay.close(), relay.close()]);
  await expect(waiting).rejects.toMatchObject({ code: "ABORTED" });
  for (const { client } of ends) await client.until(({ events }) => events.length > 0);
  await relay.accept();
  const late = new End(connect({ port: relay.port, host: "127.0.0.1" }));
  await late.until(({ events }) => events.includes("close"));
  expect(late.events).toEqual(["ECONNREFUSED", "close"]);
});

test("beyond 256 connections the oldest that was cut is dropped, or else the new one", async () => {
  const { relay, dial } = await scene();
  const dead = await dial();
  await relay.cut("black-hole");
  for (let count = 1; count < 257; count++) await dial();
  await dead.client.until(({ events }) => events.length > 0);
  const refused = new End(connect({ port: relay.port, host: "127.0.0.1" }));
  await refused.until(({ events }) => events.includes("close"));
});

test.each<[unknown, string]>([
  [{}, "to must be an object"],
  [{ to: { port: 0 } }, "to.port must be a whole number from 1 to 65535, got 0"],
  [{ to: { port: 1, host: "a:b c" } }, "to.host must be a name or an IP address alone"],
  [{ to: { port: 1 }, seed: -1 }, "seed must be a whole number from 0 to 4294967295, got -1"],
  [{ to: { port: 1 }, sead: 1 }, "an option of CuttingRelay must be one of to, seed"],
])("%j is a BAD_OPTION that says: %s", async (options, message) => {
  await expect(CuttingRelay.start(options as RelayOptions)).rejects.toMatchObject({
    code: "BAD_OPTION",
    message: expect.stringContaining(message) as unknown,
  });
});

test("a mode, a place or an option that is none is a BAD_OPTION, and cuts nothing", async () => {
  const { relay, dial } = await scene();
  const { client } = await dial();
  for (const cut of [
    relay.cut("bang" as CutMode),
    relay.cut("fin", { at: "lunch" as never }),
    relay.cut("fin", { within: 5000 } as never),
    relay.cut("fin", null as never),
  ]) {
    await expect(cut).rejects.toMatchObject({ code: "BAD_OPTION" });
  }
  expect(client.events).toEqual([]);
});
