import { expect, test } from "vitest";
import { xml } from "../../src/xml/element.ts";
import { NS } from "../../src/xml/namespaces.ts";
import { codeOf, line, readyLine } from "../broker/line.ts";
import { settled } from "../virtual-clock.ts";

const message = (id: string) => xml("message", { id });

test("what is sent before ready waits until it is flushed, in order", async () => {
  const made = line();
  const { broker } = made;
  const deliveries = ["a", "b", "c"].map((id) => broker.send(message(id)));
  expect(deliveries.map(({ state }) => state)).toEqual(["queued", "queued", "queued"]);
  expect([...broker.queue].map(({ stanza }) => stanza.attrs.id)).toEqual(["a", "b", "c"]);
  expect(broker.queue.bytes).toBe("<message id='a'/>".length * 3);
  expect(broker.queue.flush()).toBe(0);
  await broker.connect();
  expect(broker.queue.size).toBe(3);
  broker.send(message("now"));
  expect(broker.queue.flush()).toBe(3);
  expect(await made.server.hears("id='c'/>")).toBe(
    "<message id='now'/><message id='a'/><message id='b'/><message id='c'/>",
  );
  await Promise.all(deliveries.map((delivery) => delivery.written()));
  expect(deliveries.map(({ state }) => state)).toEqual(["written", "written", "written"]);
  expect(broker.queue.bytes).toBe(0);
  broker.halt();
});

test("with flush auto the queue goes once the listeners of ready have run", async () => {
  const made = line({ queue: { flush: "auto" } });
  const { broker } = made;
  broker.send(message("a"));
  broker.on("ready", () => void broker.send(message("b")));
  await broker.connect();
  expect(await made.server.hears("id='a'/>")).toBe("<message id='b'/><message id='a'/>");
  broker.halt();
});

test("a stanza is taken as it was when it was sent", async () => {
  const made = line();
  const stanza = xml("message", { id: "a" }, xml("body", {}, "first"));
  made.broker.send(stanza);
  stanza.attrs.id = "b";
  stanza.append(xml("body", {}, "second"));
  await made.broker.connect();
  made.broker.queue.flush();
  expect(await made.server.hears("</message>")).toBe(
    "<message id='a'><body>first</body></message>",
  );
  made.broker.halt();
});

test("a key is the caller's or the broker's, and a key that waits is that delivery", () => {
  const { broker } = line();
  const first = broker.send(message("a"), { key: "row 1" });
  expect(first.key).toBe("row 1");
  expect(broker.send(message("b"), { key: "row 1" })).toBe(first);
  expect([...broker.queue].map(({ stanza }) => stanza.attrs.id)).toEqual(["a"]);
  const others = [broker.send(message("c")), broker.send(message("d"))];
  expect(new Set([first, ...others].map(({ key }) => key)).size).toBe(3);
  broker.queue.remove("row 1");
  expect(broker.send(message("e"), { key: "row 1" })).not.toBe(first);
});

test("a caller's key cannot be one of the broker's own", () => {
  const { broker } = line();
  const own = broker.send(message("a"));
  expect(() => broker.send(message("b"), { key: own.key })).toThrow(
    expect.objectContaining({ code: "BAD_OPTION" }),
  );
  expect([...broker.queue].map(({ delivery }) => delivery)).toEqual([own]);
});

test("a delivery is no thenable: awaiting send gives the delivery itself", async () => {
  const { broker } = line();
  const delivery = broker.send(message("a"));
  expect("then" in delivery).toBe(false);
  expect(await Promise.resolve(delivery)).toBe(delivery);
});

test("one taken back fails with REMOVED, all of them with clear", () => {
  const { broker } = line();
  const [a, b, c] = ["a", "b", "c"].map((id) => broker.send(message(id)));
  expect(broker.queue.remove(b?.key ?? "")).toBe(true);
  expect(broker.queue.remove(b?.key ?? "")).toBe(false);
  expect(b?.error?.code).toBe("REMOVED");
  expect(broker.queue.clear()).toBe(2);
  expect([a?.state, c?.state]).toEqual(["failed", "failed"]);
  expect(broker.queue.size).toBe(0);
  expect(broker.queue.bytes).toBe(0);
});

test("a full queue refuses the newest, or drops the oldest, by number and by bytes", async () => {
  for (const queue of [{ limit: 2 }, { bytes: 2 * "<message id='a'/>".length }]) {
    const refusing = line({ queue }).broker;
    const first = refusing.send(message("a"));
    refusing.send(message("b"));
    const third = refusing.send(message("c"));
    expect([first.state, third.state, third.error?.code]).toEqual([
      "queued",
      "failed",
      "QUEUE_FULL",
    ]);
    expect(await codeOf(third.written())).toBe("QUEUE_FULL");

    const dropping = line({ queue: { ...queue, overflow: "drop-oldest" } }).broker;
    const oldest = dropping.send(message("a"));
    dropping.send(message("b"));
    expect(dropping.send(message("c")).state).toBe("queued");
    expect(oldest.error?.code).toBe("QUEUE_FULL");
    expect([...dropping.queue].map(({ stanza }) => stanza.attrs.id)).toEqual(["b", "c"]);
  }
});

test("a stanza that fits into no queue drives nobody out of it", () => {
  const { broker } = line({ queue: { bytes: 100, overflow: "drop-oldest" } });
  const waiting = ["a", "b"].map((id) => broker.send(message(id)));
  expect(broker.send(message("x".repeat(100))).error?.code).toBe("QUEUE_FULL");
  expect(waiting.map(({ state }) => state)).toEqual(["queued", "queued"]);
});

test("what the peer does not read counts against the same bound", async () => {
  const { broker, server } = await readyLine({ queue: { bytes: 1000 } });
  server.pause();
  const states = Array.from({ length: 100 }, () => broker.send(message("x")).state);
  expect(states[0]).toBe("queued");
  expect(states.at(-1)).toBe("failed");
  expect(states.filter((state) => state === "queued").length).toBeLessThanOrEqual(1000 / 17);
  server.resume();
  await server.hears("/>");
  while (broker.transport?.handed !== broker.transport?.taken) await settled(1);
  await broker.send(message("again")).written();
  broker.halt();
});

test("a stanza whose time runs out expires without being sent", async () => {
  const made = line();
  const { broker, clock } = made;
  const short = broker.send(message("short"), { ttl: 5 });
  const long = broker.send(message("long"), { ttl: 60_000 });
  const ever = broker.send(message("ever"));
  clock.advance(4);
  expect(short.state).toBe("queued");
  clock.advance(1);
  expect(await codeOf(short.written())).toBe("EXPIRED");
  expect([short.state, long.state, ever.state]).toEqual(["expired", "queued", "queued"]);
  await broker.connect();
  expect(broker.queue.flush()).toBe(2);
  expect(await made.server.hears("id='ever'/>")).toBe("<message id='long'/><message id='ever'/>");
  broker.halt();
});

test("without stream management nothing is acknowledged", async () => {
  const { broker } = await readyLine();
  expect(await codeOf(broker.send(message("a")).acked())).toBe("ACK_UNAVAILABLE");
  broker.halt();
});

test.each([
  ["an illegal character", xml("message", {}, xml("body", {}, "\u0000")), "ILLEGAL_XML"],
  ["U+FFFF", xml("message", { to: "\uffff" }), "ILLEGAL_XML"],
  ["a lone surrogate", xml("message", {}, xml("body", {}, "\ud800")), "ILLEGAL_XML"],
  ["a bad name", xml("mess age", {}), "ILLEGAL_XML"],
  ["an undeclared prefix", xml("message", { "x:y": "1" }), "ILLEGAL_XML"],
  ["too many bytes", xml("message", {}, xml("body", {}, "€".repeat(400))), "TOO_LARGE"],
  ["no element", "<message/>" as never, "ILLEGAL_XML"],
  ["an element of the stream", xml("error", { xmlns: NS.stream }), "ILLEGAL_XML"],
])("%s fails alone, and the stream goes on", async (_, stanza, code) => {
  const { broker, server, events } = await readyLine({ limits: { sendBytes: 1000 } });
  const delivery = broker.send(stanza);
  expect([delivery.state, delivery.error?.code]).toEqual(["failed", code]);
  expect(await codeOf(delivery.written())).toBe(code);
  expect(events).toMatchObject([["delivery", { delivery: { state: "failed" } }]]);
  broker.send(message("after"));
  expect(await server.hears("/>")).toBe("<message id='after'/>");
  expect(broker.phase.name).toBe("ready");
  broker.halt();
});
