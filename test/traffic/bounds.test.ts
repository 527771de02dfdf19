import { describe, expect, test } from "vitest";
import { xml } from "../../src/xml/element.ts";
import { codeOf, readyLine } from "../broker/line.ts";
import { settled } from "../virtual-clock.ts";

const body = "x".repeat(20_000);
const large = (n: number) => xml("message", { id: String(n) }, xml("body", {}, body));
const ping = (n: number) =>
  `<iq type='get' id='p${n}' from='a@b/c'><ping xmlns='urn:xmpp:ping'/></iq>`;

describe("a peer that does not read", () => {
  test("takes no more than the high-water mark; the rest stays queued, and shutdown says so", async () => {
    const { broker, server, clock } = await readyLine();
    server.pause();
    const deliveries = Array.from({ length: 600 }, (_, n) => broker.send(large(n)));
    await settled();
    expect(new Set(deliveries.map(({ state }) => state))).toEqual(new Set(["queued"]));
    const handed = deliveries.length - broker.queue.size;
    expect(broker.queue.unsent).toBeLessThanOrEqual(256 * 1024);
    expect(handed).toBeGreaterThan(10);
    expect([...broker.queue][0]?.delivery).toBe(deliveries[handed]);
    const done = broker.shutdown({ timeout: 5000 });
    await clock.pass(5000);
    const { unsent, unknown } = await done;
    expect(unsent).toEqual(deliveries.slice(handed));
    expect(unknown).toEqual(deliveries.slice(0, handed));
    expect(new Set(unknown.map(({ state }) => state))).toEqual(new Set(["unknown"]));
    expect(await codeOf(deliveries[0]?.written() ?? Promise.resolve())).toBe("UNACKNOWLEDGED");
    expect(await broker.closed).toBeUndefined();
  });

  test("that reads again gets everything in order, and room() tells when", async () => {
    const { broker, server } = await readyLine({ queue: { bytes: 2_000_000 } });
    server.pause();
    const deliveries = Array.from({ length: 80 }, (_, n) => broker.send(large(n)));
    let hasRoom = false;
    void broker.queue.room().then(() => {
      hasRoom = true;
    });
    await settled();
    expect(hasRoom).toBe(false);
    server.resume();
    await Promise.all(deliveries.map((delivery) => delivery.written()));
    await settled();
    expect(hasRoom).toBe(true);
    const ids = [...server.heard.matchAll(/<message id='(\d+)'/g)].map(([, id]) => Number(id));
    expect(ids).toEqual(deliveries.map((_, n) => n));
    broker.halt();
  });

  test("holds our answers too: they count against the queue, and what is too much is dropped aloud", async () => {
    const { broker, server } = await readyLine({ queue: { bytes: 4000, highWater: 1000 } });
    const dropped: unknown[] = [];
    broker.on("dropped", ({ error }) => dropped.push(error.code));
    server.pause();
    for (let n = 0; n < 500; n++) server.say(ping(n));
    while (server.heard.length >= 0 && dropped.length === 0) await settled();
    await settled();
    expect(broker.queue.bytes + broker.queue.unsent).toBeLessThanOrEqual(4000);
    expect(new Set(dropped)).toEqual(new Set(["QUEUE_FULL"]));
    broker.halt();
  });

  test.each(["cut", "halt", "shutdown"] as const)(
    "keeps nobody waiting for room() once it is gone (%s)",
    async (end) => {
      const { broker, server, clock } = await readyLine({ queue: { highWater: 100 } });
      server.pause();
      broker.send(large(0));
      await settled();
      let hasRoom = false;
      void broker.queue.room().then(() => {
        hasRoom = true;
      });
      await settled();
      expect(hasRoom).toBe(false);
      if (end === "cut") server.cut();
      else if (end === "halt") broker.halt();
      else void broker.shutdown({ timeout: 1000 });
      await clock.pass(1000);
      expect([broker.phase.name, hasRoom]).toEqual(["idle", true]);
    },
  );

  test("is named in the error: where the bytes are", async () => {
    const { broker, server } = await readyLine({ queue: { bytes: 50_000 } });
    server.pause();
    const errors = Array.from({ length: 5 }, (_, n) => broker.send(large(n)).error?.message);
    expect(errors.at(-1)).toMatch(
      /^the queue is full: 0 stanzas of 0 bytes wait, and 4\d{4} bytes are on their way to the server$/,
    );
    broker.halt();
  });
});

describe("handlers that do not finish", () => {
  test("hold no more than the inbox allows: reading pauses, and nothing is lost or swapped", async () => {
    const { broker, server } = await readyLine({ inbox: { stanzas: 10 } });
    const seen: string[] = [];
    const finish: (() => void)[] = [];
    broker.filter("/message", ({ stanza }) => {
      seen.push(stanza.attrs.id ?? "");
      return new Promise<void>((resolve) => finish.push(resolve));
    });
    for (let n = 0; n < 200; n++) {
      server.say(`<message id='${n}'/>`);
      await settled();
    }
    expect(seen.length).toBe(10);
    while (seen.length < 200) {
      finish.shift()?.();
      await settled();
    }
    expect(seen).toEqual(Array.from({ length: 200 }, (_, n) => String(n)));
    broker.halt();
  });

  test("do not keep an answer to our own request from being read", async () => {
    const { broker, server } = await readyLine({ inbox: { stanzas: 2 } });
    broker.filter("/message", () => new Promise(() => undefined));
    const answer = broker.request(xml("iq", { type: "get", id: "mine" }));
    server.say(`${"<message/>".repeat(50)}<iq type='result' id='mine'/>`);
    expect((await answer).attrs.type).toBe("result");
    broker.halt();
  });

  test("do not keep a ping from being answered", async () => {
    const { broker, server } = await readyLine({ inbox: { stanzas: 2 } });
    broker.filter("/message", () => new Promise(() => undefined));
    // Reading goes on, since an answer of our own is under way.
    void broker.request(xml("iq", { type: "get" }));
    server.say(`${"<message/>".repeat(3)}${ping(1)}`);
    await server.hears("<iq type='result' id='p1' to='a@b/c'/>");
    expect(broker.stats.overtaken).toBe(1);
    broker.halt();
  });

  test("do not keep the goodbye of the server from being heard", async () => {
    const { broker, server, clock } = await readyLine({ inbox: { stanzas: 1 } });
    broker.filter("/message", () => new Promise(() => undefined));
    server.say("<message/><message/><message/>");
    await settled();
    broker.on("stream:end", () => {
      server.say("</stream:stream>");
    });
    let isDone = false;
    void broker.shutdown({ timeout: 8000 }).then(() => {
      isDone = true;
    });
    await clock.pass(4000);
    await settled();
    expect(isDone).toBe(true);
  });

  test("are reported and let go after timeouts.handler", async () => {
    const { broker, server, clock } = await readyLine({ inbox: { stanzas: 1 } });
    const seen: string[] = [];
    const slow = new Promise<string>((resolve) => {
      broker.on("error", ({ error, source }) => {
        resolve(`${error.code} ${source}`);
      });
    });
    broker.filter("/message", ({ stanza }) => {
      seen.push(stanza.attrs.id ?? "");
      return new Promise(() => undefined);
    });
    server.say("<message id='a'/><message id='b'/>");
    await clock.pass(59_000);
    expect(seen).toEqual(["a"]);
    await clock.pass(1000);
    expect(await slow).toBe("HANDLER_SLOW /message");
    await expect.poll(() => seen).toEqual(["a", "b"]);
    broker.halt();
  });

  test("of a slow iterator count as well", async () => {
    const { broker, server } = await readyLine({ inbox: { stanzas: 5 } });
    const iterator = broker.stanzas("/message");
    for (let n = 0; n < 50; n++) {
      server.say(`<message id='${n}'/>`);
      await settled();
    }
    const ids: (string | undefined)[] = [];
    for await (const { stanza } of iterator) {
      ids.push(stanza.attrs.id);
      if (ids.length === 50) break;
    }
    expect(ids).toEqual(Array.from({ length: 50 }, (_, n) => String(n)));
    broker.halt();
  });
});
