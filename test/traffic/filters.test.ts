import { expect, test } from "vitest";
import type { FilterMatch } from "../../src/traffic/inbox/filter-match.ts";
import { xml } from "../../src/xml/element.ts";
import { codeOf, readyLine } from "../broker/line.ts";
import { settled } from "../virtual-clock.ts";

async function idOfNext(stanzas: AsyncIterator<FilterMatch>): Promise<string | undefined> {
  const next = await stanzas.next();
  return next.done === true ? undefined : next.value.stanza.attrs.id;
}

const behind = "<presence id='behind'/>";

test("every filter that matches is called, in the order they were added, with what it selected", async () => {
  const { broker, server } = await readyLine();
  const calls: unknown[] = [];
  const note =
    (name: string) =>
    ({ matches, value, expression }: FilterMatch) =>
      calls.push([name, expression, matches.length, typeof value]);
  broker.filter("/message/body", note("path"));
  broker.filter("count(/message/body) = 2", note("boolean"));
  broker.filter("/presence", note("other"));
  broker.filter("string(/message/@type)", note("string"));
  broker.filter("//*", note("all"));
  server.say(`<message type='chat'><body>1</body><body>2</body></message>${behind}`);
  await broker.waitFor("/presence");
  expect(calls).toEqual([
    ["path", "/message/body", 2, "object"],
    ["boolean", "count(/message/body) = 2", 0, "boolean"],
    ["string", "string(/message/@type)", 0, "string"],
    ["all", "//*", 3, "object"],
    ["other", "/presence", 1, "object"],
    ["all", "//*", 1, "object"],
  ]);
  broker.halt();
});

test.each([
  ["/message/body", ["body", "body"], 2],
  ["/message/body | /message/@type", ["body", "body"], 3],
  ["/message/@type", [], 1],
  ["count(/message/body) = 2", [], 0],
])("%s brings the elements %j among its %i nodes", async (expression, names, nodes) => {
  const { broker, server } = await readyLine();
  const match = broker.waitFor(expression);
  server.say("<message type='chat'><body>1</body><body>2</body></message>");
  const { elements, matches } = await match;
  expect(elements.map(({ name }) => name)).toEqual(names);
  expect(matches).toHaveLength(nodes);
  broker.halt();
});

test("one that is removed meanwhile is not called, one that is added first sees the next stanza", async () => {
  const { broker, server } = await readyLine();
  const calls: string[] = [];
  broker.filter("/message", () => {
    calls.push("first");
    third();
    broker.filter("/message", () => calls.push("new"), { once: true });
  });
  broker.filter("/message", () => calls.push("second"));
  const third = broker.filter("/message", () => calls.push("third"));
  server.say("<message/><message/>");
  server.say(behind);
  await broker.waitFor("/presence");
  expect(calls).toEqual(["first", "second", "first", "second", "new"]);
  broker.halt();
});

test("once, a signal and calling what filter returned each remove it", async () => {
  const { broker, server } = await readyLine();
  const calls: string[] = [];
  const controller = new AbortController();
  broker.filter("/message", () => calls.push("once"), { once: true });
  broker.filter("/message", () => calls.push("signal"), { signal: controller.signal });
  const undo = broker.filter("/message", () => calls.push("undo"));
  server.say("<message/>");
  await broker.waitFor("/message");
  controller.abort();
  undo();
  undo();
  server.say(`<message/>${behind}`);
  await broker.waitFor("/presence");
  expect(calls).toEqual(["once", "signal", "undo"]);
  broker.filter("/message", () => calls.push("late"), { signal: controller.signal });
  {
    using used = broker.filter("/message", () => calls.push("using"));
    expect(used).toBeTypeOf("function");
  }
  server.say(`<message/>${behind}`);
  await broker.waitFor("/presence");
  expect(calls.length).toBe(3);
  broker.halt();
});

test("a handler that throws or rejects is reported and stays; its neighbours and the stream go on", async () => {
  const { broker, server, events } = await readyLine();
  let calls = 0;
  broker.filter("/message", () => {
    throw new TypeError("first");
  });
  broker.filter("/message", async () => {
    await Promise.resolve();
    throw new TypeError("second");
  });
  broker.filter("/message", () => calls++);
  server.say(`<message/><message/>${behind}`);
  await broker.waitFor("/presence");
  await settled();
  expect(calls).toBe(2);
  const errors = events.filter(([name]) => name === "error");
  expect(errors.length).toBe(4);
  expect(errors[0]?.[1]).toMatchObject({
    source: "/message",
    error: { code: "HANDLER_FAILED", cause: { message: "first" } },
  });
  broker.halt();
});

test("an expression that takes too many steps is reported; the other filters and the stream go on", async () => {
  const { broker, server, events } = await readyLine();
  let calls = 0;
  const endless = "//*[count(//*[count(//*) > 1]) > 1]";
  broker.filter(endless, () => calls++);
  broker.filter("/message", () => calls++);
  server.say(`<message>${"<x/>".repeat(100)}</message>${behind}`);
  await broker.waitFor("/presence");
  expect(calls).toBe(1);
  expect(events.filter(([name]) => name === "error")).toMatchObject([
    [
      "error",
      { source: endless, error: { code: "HANDLER_FAILED", cause: { code: "XPATH_LIMIT" } } },
    ],
  ]);
  broker.halt();
});

test("a listener that throws is reported, one of error itself is not, and nothing stops", async () => {
  const { broker, server, events } = await readyLine();
  broker.on("received", () => {
    throw new TypeError("listener");
  });
  broker.on("error", () => {
    throw new TypeError("again");
  });
  server.say(behind);
  await broker.waitFor("/presence");
  expect(events.filter(([name]) => name === "error").length).toBe(1);
  broker.halt();
});

test("an expression that cannot be used is refused where it is given", async () => {
  const { broker } = await readyLine();
  expect(() => broker.filter("/message[", () => undefined)).toThrow(/XPath/);
  expect(() => broker.filter("/x:message", () => undefined)).toThrow(/XPath/);
  expect(await codeOf(broker.waitFor("]"))).toBe("XPATH_SYNTAX");
  broker.halt();
});

test("prefixes are bound by namespaces; unprefixed names match any, or none but the one bound to ''", async () => {
  const { broker, server } = await readyLine();
  const calls: string[] = [];
  broker.filter("//item", () => calls.push("any"));
  broker.filter("//e:item", () => calls.push("bound"), { namespaces: { e: "urn:e" } });
  broker.filter("//item", () => calls.push("exact"), { namespaces: { "": "jabber:client" } });
  server.say(`<message><item xmlns='urn:e'/></message>${behind}`);
  await broker.waitFor("/presence");
  expect(calls).toEqual(["any", "bound"]);
  broker.halt();
});

test("waitFor resolves with the next match, and ends with time, signal or run", async () => {
  const { broker, clock, server } = await readyLine();
  const next = broker.waitFor("/message[@id='2']");
  server.say("<message id='1'/><message id='2'/>");
  expect((await next).stanza.attrs.id).toBe("2");
  const timedOut = codeOf(broker.waitFor("/message", { timeout: 5 }));
  clock.advance(5);
  expect(await timedOut).toBe("REQUEST_TIMEOUT");
  expect(await codeOf(broker.waitFor("/message", { signal: AbortSignal.abort() }))).toBe("ABORTED");
  const controller = new AbortController();
  const aborted = codeOf(broker.waitFor("/message", { signal: controller.signal }));
  controller.abort();
  expect(await aborted).toBe("ABORTED");
  const cut = codeOf(broker.waitFor("/message"));
  server.cut();
  expect(await cut).toBe("DISCONNECTED");
});

test("stanzas are read in order, and end with the run", async () => {
  const { broker, server } = await readyLine();
  const ids: unknown[] = [];
  const reading = (async () => {
    for await (const { stanza } of broker.stanzas("/message")) ids.push(stanza.attrs.id);
  })();
  server.say("<message id='1'/><presence/><message id='2'/>");
  server.say(behind);
  await broker.waitFor("/presence[@id]");
  broker.halt();
  await reading;
  expect(ids).toEqual(["1", "2"]);
});

test("without an expression stanzas are all, and elements that are no stanzas are none", async () => {
  const { broker, server } = await readyLine();
  const all = broker.stanzas();
  server.say("<message/><presence/><x xmlns='urn:x'/>");
  server.say("<message id='last'/>");
  const names: string[] = [];
  for await (const { stanza } of all) {
    names.push(stanza.name);
    if (stanza.attrs.id === "last") break;
  }
  expect(names).toEqual(["message", "presence", "message"]);
  expect(await all.next()).toEqual({ done: true, value: undefined });
  broker.halt();
});

test("a reader that is too slow for its buffer gets what is in it, then QUEUE_FULL", async () => {
  const { broker, server } = await readyLine();
  const slow = broker.stanzas("/message", { buffer: 2 });
  server.say("<message id='1'/><message id='2'/><message id='3'/>");
  server.say(behind);
  await broker.waitFor("/presence");
  expect(await idOfNext(slow)).toBe("1");
  expect(await idOfNext(slow)).toBe("2");
  expect(await codeOf(slow.next())).toBe("QUEUE_FULL");
  expect((await slow.next()).done).toBe(true);
  broker.halt();
});

test("a reader that reads nothing gets no more than the bytes of the inbox, then QUEUE_FULL", async () => {
  const { broker, server, clock } = await readyLine({
    inbox: { bytes: 1000 },
    timeouts: { handler: 100 },
  });
  const slow = broker.stanzas("/message");
  const arrived: (string | undefined)[] = [];
  broker.on("received", ({ stanza }) => arrived.push(stanza.attrs.id));
  // Each costs some 440 bytes: three fill the inbox, and after 100 ms it lets go of them.
  const text = `<body>${"x".repeat(170)}</body>`;
  for (let id = 1; id <= 8; id++) server.say(`<message id='${id}'>${text}</message>`);
  await settled();
  expect(arrived).toEqual(["1", "2", "3"]);
  for (let turn = 0; turn < 3; turn++) {
    clock.advance(100);
    await settled();
  }
  expect(arrived).toHaveLength(8);
  for (const id of ["1", "2", "3"]) expect(await idOfNext(slow)).toBe(id);
  expect(await codeOf(slow.next())).toBe("QUEUE_FULL");
  expect((await slow.next()).done).toBe(true);
  broker.halt();
});

test("an iterator is broken off by its signal and by the error that ends the run", async () => {
  const { broker, server } = await readyLine();
  const controller = new AbortController();
  const aborted = broker.stanzas("/message", { signal: controller.signal }).next();
  controller.abort();
  expect(await codeOf(aborted)).toBe("ABORTED");
  const cut = broker.stanzas("/message").next();
  server.cut();
  expect(await codeOf(cut)).toBe("DISCONNECTED");
});

test("what was matched can be sent on as it is", async () => {
  const { broker, server } = await readyLine();
  broker.filter("/message[@type='chat']/body", ({ stanza, matches }) => {
    broker.send(xml("message", { to: stanza.attrs.from, type: "chat" }, matches[0]));
  });
  server.say(
    "<message type='chat' from='a@b/c'><body>Hi <b xmlns='urn:b'>you</b></body></message>",
  );
  expect(await server.hears("</message>")).toBe(
    "<message to='a@b/c' type='chat'><body>Hi <b xmlns='urn:b'>you</b></body></message>",
  );
  broker.halt();
});

test("one signal may hold any number of filters, listeners and requests, without a warning", async () => {
  const { broker } = await readyLine();
  const { signal } = new AbortController();
  let listeners = 0;
  const add = signal.addEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  for (let n = 0; n < 50; n++) broker.filter(`/message[@id='${n}']`, () => undefined, { signal });
  broker.on("ready", () => undefined, { signal });
  expect(listeners).toBe(1);
  broker.halt();
});
