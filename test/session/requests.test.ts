import { describe, expect, test, vi } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { isAnswer, isReturned } from "../../src/session/requests/answers.ts";
import { type Element, xml } from "../../src/xml/element.ts";
import { parse } from "../../src/xml/read/parse.ts";
import { bare, codeOf, line, readyLine } from "../broker/line.ts";

const ME = "me@example.org/here";

// The table of who may answer whom: request's `to`, answer's `from`, and whether it counts.
const CLIENT: [string, string, boolean][] = [
  ["", "", true],
  ["", "me@example.org", true],
  ["", "me@example.org/here", true],
  ["", "example.org", true],
  ["", "me@example.org/elsewhere", false],
  ["", "evil.example", false],
  ["me@example.org", "", true],
  ["me@example.org", "me@example.org", true],
  ["me@example.org", "evil@example.org", false],
  ["example.org", "example.org", true],
  ["example.org", "", true],
  ["example.org", "me@example.org", false],
  ["me@example.org/here", "me@example.org/here", true],
  ["me@example.org/here", "", true],
  ["room@muc.example/nick", "room@muc.example/nick", true],
  ["room@muc.example/nick", "ROOM@muc.example/nick", true],
  ["room@muc.example/nick", "room@muc.example/Nick", false],
  ["room@muc.example/nick", "room@muc.example", false],
  ["room@muc.example/nick", "muc.example", false],
  ["room@muc.example/nick", "", false],
  ["you@example.net", "you@example.net/r", false],
  ["you@example.net", "not a jid@@", false],
];

const address = (name: string, value: string) => (value === "" ? {} : { [name]: value });

test.each(CLIENT)("a client's request to '%s' is answered by '%s': %s", (to, from, expected) => {
  const request = xml("iq", { type: "get", id: "1", ...address("to", to) });
  for (const type of ["result", "error"]) {
    const answer = parse(`<iq type='${type}' id='1'${from && ` from='${from}'`}/>`);
    expect(isAnswer(request, answer, ME)).toBe(expected);
  }
});

test.each([
  ["you@example.net/r", "you@example.net/r", "echo.example.org", true],
  ["you@example.net/r", "you@example.net/r", "bot@echo.example.org", false],
  ["you@example.net/r", "you@example.net", "echo.example.org", false],
  ["you@example.net/r", "", "echo.example.org", false],
])("a component's request to '%s' is answered by '%s' to '%s': %s", (to, from, back, expected) => {
  const request = xml("iq", { type: "get", id: "1", to });
  const answer = xml("iq", { type: "result", id: "1", to: back, ...address("from", from) });
  expect(isAnswer(request, answer, "echo.example.org")).toBe(expected);
});

test.each([
  ["<message type='error' id='1' from='you@x/r'/>", false],
  ["<presence type='error' id='1' from='you@x/r'/>", false],
  ["<iq type='get' id='1' from='you@x/r'/>", false],
  ["<iq type='set' id='1' from='you@x/r'/>", false],
  ["<iq id='1' from='you@x/r'/>", false],
  ["<iq type='result' id='1' from='you@x/r'/>", true],
])("an iq is answered by %s: %s", (answer, expected) => {
  const request = xml("iq", { type: "get", id: "1", to: "you@x/r" });
  expect(isAnswer(request, parse(answer), ME)).toBe(expected);
});

test.each([
  ["a message of any type", "<message id='1' from='you@x/r'/>", "you@x/r", true],
  ["an error", "<message type='error' id='1' from='you@x/r'/>", "you@x/r", true],
  ["a copy of one's own", `<message id='1' from='${ME}'/>`, "me@example.org", false],
  ["an error from oneself", `<message type='error' id='1' from='${ME}'/>`, ME, true],
])("a message is answered by %s", (_, answer, to, expected) => {
  expect(isAnswer(xml("message", { id: "1", to }), parse(answer), ME)).toBe(expected);
});

test("other elements are answered by the same name, namespace and id", () => {
  const request = xml("command", { xmlns: "urn:x", id: "1" });
  expect(isAnswer(request, parse("<command xmlns='urn:x' id='1'/>"), ME)).toBe(true);
  expect(isAnswer(request, parse("<command xmlns='urn:y' id='1'/>"), ME)).toBe(false);
  expect(isAnswer(request, parse("<other xmlns='urn:x' id='1'/>"), ME)).toBe(false);
});

test("a request gets an id nobody can guess, and its answer is seen by nobody else", async () => {
  const { broker, server, names } = await readyLine();
  const seen = vi.fn();
  broker.filter("/iq", seen);
  const iq = xml("iq", { type: "get", to: "example.org" }, xml("query", { xmlns: "urn:x" }));
  const answer = broker.request(iq);
  const sent = await server.hears("</iq>");
  const id = /id='([^']*)'/.exec(sent)?.[1] ?? "";
  expect(id).toMatch(/^[0-9a-f]{32}$/);
  expect(iq.attrs.id).toBeUndefined();
  expect([...broker.pending.keys()]).toEqual([id]);
  server.say(
    `<iq type='result' id='${id}' from='evil.example'><query xmlns='urn:x'>no</query></iq>`,
  );
  server.say(
    `<iq type='result' id='${id}' from='example.org'><query xmlns='urn:x'>42</query></iq>`,
  );
  expect((await answer).childText("query", "urn:x")).toBe("42");
  // Only the forgery was an ordinary stanza.
  expect(seen).toHaveBeenCalledTimes(1);
  expect(names()).toEqual(["request:start", "sent", "delivery", "received", "request:finish"]);
  expect(broker.pending.size).toBe(0);
  broker.halt();
});

test("the caller's id stays, unless a request with it is pending", async () => {
  const { broker, server } = await readyLine();
  const first = broker.request(xml("iq", { type: "get", id: "mine" }));
  const second = codeOf(broker.request(xml("iq", { type: "get", id: "mine" })));
  expect([...broker.pending.keys()][0]).toBe("mine");
  expect(broker.pending.size).toBe(2);
  server.say("<iq type='result' id='mine'/>");
  expect((await first).attrs.id).toBe("mine");
  broker.halt();
  expect(await second).toBe("ABORTED");
});

test("requests that were asked in one order time out in another, each in its time", async () => {
  const { broker, clock } = await readyLine();
  const over: string[] = [];
  const ask = async (id: string, timeout: number): Promise<void> => {
    await codeOf(broker.request(xml("iq", { type: "get", id }), { timeout }));
    over.push(`${id} at ${clock.now()}`);
  };
  const asked = Promise.all([ask("last", 60), ask("first", 5), ask("second", 30)]);
  await clock.pass(100);
  await asked;
  expect(over).toEqual(["first at 5", "second at 30", "last at 60"]);
  broker.halt();
});

test("the pending requests stay in one map, however many have come and gone", async () => {
  const { broker, server } = await readyLine();
  const asked = Array.from({ length: 700 }, (_, n) =>
    broker.request(xml("iq", { type: "get", id: `q${n}` })),
  );
  const { pending } = broker;
  expect(pending.size).toBe(700);
  for (let n = 0; n < 600; n++) server.say(`<iq type='result' id='q${n}'/>`);
  await Promise.all(asked.slice(0, 600));
  expect(pending.size).toBe(100);
  expect(broker.pending).toBe(pending);
  const rest = Promise.all(asked.slice(600).map(codeOf));
  broker.halt();
  expect(new Set(await rest)).toEqual(new Set(["ABORTED"]));
  expect(pending.size).toBe(0);
});

test("a request whose answer comes after hundreds of others is still known", async () => {
  const { broker, server } = await readyLine();
  const slow = broker.request(xml("iq", { type: "get", id: "slow" }));
  for (let n = 0; n < 600; n++) {
    const quick = broker.request(xml("iq", { type: "get", id: `q${n}` }));
    server.say(`<iq type='result' id='q${n}'/>`);
    await quick;
  }
  server.say("<iq type='result' id='slow'/>");
  expect((await slow).attrs.id).toBe("slow");
  broker.halt();
});

test("an error answer rejects with what it says", async () => {
  const { broker, server } = await readyLine();
  const answer = broker.request(xml("iq", { type: "get", id: "1" }));
  server.say(
    "<iq type='error' id='1'><error type='wait'><resource-constraint xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/><text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'>later</text></error></iq>",
  );
  await expect(answer).rejects.toMatchObject({
    code: "STANZA_ERROR",
    type: "wait",
    condition: "resource-constraint",
    text: "later",
    retryable: true,
    stanza: { name: "iq" },
  });
  broker.halt();
});

test("time-out, abort and the end of the connection settle it once, and late answers are stanzas", async () => {
  const { broker, clock, server, names } = await readyLine();
  const late = vi.fn();
  broker.filter("/iq", late);
  const timedOut = codeOf(broker.request(xml("iq", { type: "get", id: "t" }), { timeout: 10 }));
  clock.advance(10);
  expect(await timedOut).toBe("REQUEST_TIMEOUT");
  const controller = new AbortController();
  const aborted = codeOf(
    broker.request(xml("iq", { type: "get", id: "a" }), { signal: controller.signal }),
  );
  controller.abort();
  expect(await aborted).toBe("ABORTED");
  expect(await codeOf(broker.request(xml("iq", {}), { signal: controller.signal }))).toBe(
    "ABORTED",
  );
  server.say("<iq type='result' id='t'/><iq type='result' id='a'/>");
  await broker.waitFor("/iq[@id='a']");
  expect(late).toHaveBeenCalledTimes(2);
  const pending = [1, 2, 3].map((n) =>
    codeOf(broker.request(xml("iq", { type: "get", id: `${n}` }))),
  );
  server.cut();
  expect(await Promise.all(pending)).toEqual(["DISCONNECTED", "DISCONNECTED", "DISCONNECTED"]);
  expect(names().filter((name) => name === "request:finish").length).toBe(5);
});

test("a request before ready waits in the queue, and leaves it when it is given up", async () => {
  const { broker, clock } = await readyLine();
  const done = broker.shutdown({ timeout: 1 });
  await clock.pass(1);
  await done;
  const request = codeOf(broker.request(xml("iq", { type: "get" }), { timeout: 10 }));
  clock.advance(9);
  expect(broker.queue.size).toBe(1);
  clock.advance(1);
  expect(await request).toBe("REQUEST_TIMEOUT");
  expect(broker.queue.size).toBe(0);
});

test("a request that cannot be sent says why at once", async () => {
  const { broker } = await readyLine({ limits: { requests: 1 } });
  expect(await codeOf(broker.request(xml("iq", { type: "\u0001" })))).toBe("ILLEGAL_XML");
  expect(await codeOf(broker.request(undefined as never))).toBe("ILLEGAL_XML");
  const first = codeOf(broker.request(xml("iq", { type: "get" })));
  expect(await codeOf(broker.request(xml("iq", { type: "get" })))).toBe("QUEUE_FULL");
  broker.halt();
  await first;
});

test("a request that leaves the queue unsent is rejected at once, with what became of it", async () => {
  const { broker } = line({ queue: { limit: 2, overflow: "drop-oldest" } });
  const requests = [1, 2, 3].map(() => codeOf(broker.request(xml("iq", { type: "get" }))));
  expect(await requests[0]).toBe("QUEUE_FULL");
  for (const { delivery } of broker.queue) broker.queue.remove(delivery.key);
  expect(await Promise.all(requests)).toEqual(["QUEUE_FULL", "REMOVED", "REMOVED"]);
  expect(broker.pending.size).toBe(0);
});

test.each(["request:start", "queued"] as const)(
  "a request given up in %s is not sent, nor does it stay in the queue",
  async (event) => {
    const { broker } = line();
    const controller = new AbortController();
    broker.on(event, () => {
      controller.abort();
    });
    const iq = xml("iq", { type: "get" });
    expect(await codeOf(broker.request(iq, { signal: controller.signal }))).toBe("ABORTED");
    expect(broker.queue.size).toBe(0);
    expect(broker.pending.size).toBe(0);
  },
);

test("a request made by an address of a component is not answered by its own copy", () => {
  const [own, bot] = ["echo.example.org", "bot@echo.example.org"];
  for (const from of [own, bot]) {
    const request = xml("message", { id: "1", from, to: from });
    expect(isAnswer(request, request.clone(), own)).toBe(false);
    expect(isAnswer(request, xml("message", { ...request.attrs, type: "error" }), own)).toBe(true);
  }
});

test("what comes back undelivered fails the request it was, and no other of the same id", async () => {
  const returned = new BrokerError("NOT_ROUTED");
  const inbound = (stanza: Element) => ({ stanza, returned });
  const { broker, server } = await readyLine({ dialect: { ...bare, inbound } });
  const request = codeOf(broker.request(xml("iq", { type: "get", id: "1", to: "a@b" })));
  server.say("<message id='1' to='a@b'/><iq type='result' id='1' to='a@b'/><iq id='2'/>");
  await server.delivered();
  expect(broker.pending.size).toBe(1);
  server.say("<iq type='get' id='1' to='a@b'/>");
  expect(await request).toBe("NOT_ROUTED");
  broker.halt();
});

describe("an answer is a stanza", () => {
  const request = xml("iq", { type: "get", id: "1", to: "you@x/r" });
  test.each([
    ["<iq xmlns='jabber:client' type='result' id='1' from='you@x/r'/>", true],
    ["<iq xmlns='urn:x' type='result' id='1' from='you@x/r'/>", false],
    ["<iq xmlns='urn:x' type='error' id='1' from='you@x/r'/>", false],
    ["<iq xmlns='' type='result' id='1' from='you@x/r'/>", false],
  ])("%s: %s", (answer, expected) => {
    expect(isAnswer(request, parse(answer), ME)).toBe(expected);
  });

  test.each(["message", "presence"])("a %s of another namespace is none", (name) => {
    const asked = xml(name, { id: "1", to: "you@x/r" });
    const answer = (ns: string) => parse(`<${name} xmlns='${ns}' id='1' from='you@x/r'/>`);
    expect(isAnswer(asked, answer("jabber:client"), ME)).toBe(true);
    expect(isAnswer(asked, answer("urn:x"), ME)).toBe(false);
  });

  test("and another element without a namespace goes out in that of stanzas", () => {
    const asked = xml("command", { id: "1" });
    expect(isAnswer(asked, parse("<command xmlns='jabber:client' id='1'/>"), ME)).toBe(true);
    expect(isAnswer(asked, parse("<command xmlns='urn:x' id='1'/>"), ME)).toBe(false);
    const foreign = xml("iq", { xmlns: "urn:x", id: "1" });
    expect(isAnswer(foreign, parse("<iq xmlns='urn:x' id='1'/>"), ME)).toBe(true);
    expect(isAnswer(foreign, parse("<iq xmlns='jabber:client' id='1'/>"), ME)).toBe(false);
  });
});

describe("a request with a message or a presence, which need not be answered", () => {
  const asked = (name: string) => xml(name, { id: "1", to: "you@x/r" });

  test.each(["message", "presence"])(
    "ends with a %s of the same id from the one asked",
    async (name) => {
      const { broker, server } = await readyLine();
      const answer = broker.request(asked(name));
      server.say(`<${name} id='1' from='other@x/r'/><${name} id='2' from='you@x/r'/>`);
      server.say(`<${name} id='1' from='you@x/r' type='chat'/>`);
      expect((await answer).attrs.type).toBe("chat");
      broker.halt();
    },
  );

  test.each(["message", "presence"])("ends with the error that brings a %s back", async (name) => {
    const { broker, server } = await readyLine();
    const code = codeOf(broker.request(asked(name)));
    server.say(
      `<${name} id='1' from='you@x/r' type='error'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></${name}>`,
    );
    expect(await code).toBe("STANZA_ERROR");
    broker.halt();
  });

  test.each([
    ["timeouts.request", {}, 30_000],
    ["its own timeout", { timeout: 2000 }, 2000],
  ])("else ends by %s", async (_, options, wait) => {
    const { broker, clock, server } = await readyLine();
    let code: unknown;
    void codeOf(broker.request(asked("message"), options)).then((ended) => {
      code = ended;
    });
    server.say("<message from='you@x/r'><body>an answer with an id of its own</body></message>");
    await clock.pass(wait - 1);
    expect(code).toBeUndefined();
    await clock.pass(1);
    expect(code).toBe("REQUEST_TIMEOUT");
    expect(broker.pending.size).toBe(0);
    broker.halt();
  });
});

test("an iq of another namespace leaves the request open, and is dropped", async () => {
  const { broker, server } = await readyLine();
  const dropped = vi.fn();
  broker.on("dropped", ({ error }) => {
    dropped(error.code);
  });
  const request = broker.request(xml("iq", { type: "get", id: "1" }));
  server.say("<iq xmlns='urn:x' type='result' id='1'/><iq type='result' id='1'/>");
  expect((await request).ns).toBe("jabber:client");
  expect(dropped).toHaveBeenCalledExactlyOnceWith("PROTOCOL_ERROR");
  broker.halt();
});

// Servers that prepare addresses by nodeprep and resourceprep answer from another spelling.
describe("an answer may come in the spelling of the server", () => {
  const REWRITTEN: [asked: string, answers: string][] = [
    ["\u00df@x", "ss@x"],
    ["room@x/\u2122", "room@x/TM"],
    ["\u2460@x", "1@x"],
    ["room@x/\uff2e\uff49\uff43\uff4b", "room@x/Nick"],
    ["\u03bd\u03af\u03ba\u03bf\u03c2@x", "\u03bd\u03af\u03ba\u03bf\u03c3@x"],
    ["\u2603@x/\u2764\ufe0f", "\u2603@x/\u2764"],
  ];
  const answer = (from: string, to: string) => xml("iq", { type: "result", id: "1", from, to });

  test.each(REWRITTEN)("to a client that asked %j, from %j", (to, from) => {
    const request = xml("iq", { type: "get", id: "1", to });
    expect(isAnswer(request, answer(from, ME), ME)).toBe(true);
    expect(isAnswer(request, answer(`${from}x`, ME), ME)).toBe(false);
  });

  test.each(REWRITTEN)("to a component that asked %j, from %j", (to, from) => {
    const request = xml("iq", {
      type: "get",
      id: "1",
      to,
      from: "\u2665\u00df@own.example/\u2122",
    });
    expect(isAnswer(request, answer(from, "\u2665ss@own.example/TM"), "own.example")).toBe(true);
    expect(isAnswer(request, answer(from, "ss@own.example/TM"), "own.example")).toBe(false);
  });

  test("to a client whose own address the server spells otherwise", () => {
    const own = "gro\u00df@x/r";
    const request = xml("iq", { type: "get", id: "1" });
    expect(isAnswer(request, answer("gross@x", own), own)).toBe(true);
    expect(isAnswer(request, answer("gros@x", own), own)).toBe(false);
  });

  test("and so may a copy of one's own, which is no answer", () => {
    const own = "gro\u00df@x/r";
    const request = xml("message", { id: "1", to: own });
    expect(isAnswer(request, xml("message", { id: "1", from: "gross@x/r" }), own)).toBe(false);
  });
});

test.each<[request: Record<string, string>, returned: Record<string, string>, expected: boolean]>([
  [{ to: "a@b" }, { to: "a@b" }, true],
  [{ to: "a@b" }, { to: "a@b", from: "own.example" }, true],
  [{ to: "\u2603@B" }, { to: "\u2603@b", from: "OWN.example" }, true],
  [{ to: "a@b", from: "x@own.example" }, { to: "a@b", from: "x@own.example" }, true],
  [{ to: "a@b" }, { to: "c@b", from: "own.example" }, false],
  [{ to: "a@b" }, { from: "own.example" }, false],
  [{ to: "a@b" }, { to: "a@b", from: "x@own.example" }, false],
  [{ to: "a@b" }, { to: "a@b", from: "evil" }, false],
  [{ to: "a@b", from: "x@own.example" }, { to: "a@b", from: "own.example" }, false],
  [{ to: "a@b", from: "x@own.example" }, { to: "a@b" }, false],
  [{ to: "a@b" }, { to: "a@b", type: "set" }, false],
])("a request %j came back as %j: %s", (request, returned, expected) => {
  const iq = (attrs: Record<string, string>) => xml("iq", { type: "get", id: "1", ...attrs });
  expect(isReturned(iq(request), iq(returned), "own.example")).toBe(expected);
});

test("a stanza that the dialect drops answers nothing, reaches nobody, and says why", async () => {
  const inbound = (stanza: Element) =>
    stanza.attrs.to === "elsewhere"
      ? { stanza, dropped: new BrokerError("MISADDRESSED", "elsewhere") }
      : { stanza };
  const { broker, server, names } = await readyLine({ dialect: { ...bare, inbound } });
  const dropped: unknown[] = [];
  broker.on("dropped", ({ stanza, error }) => dropped.push([stanza.attrs.id, error.code]));
  const request = broker.request(xml("iq", { type: "get", id: "1" }));
  server.say("<iq type='result' id='1' to='elsewhere'/><iq type='get' id='2' to='elsewhere'/>");
  server.say("<iq type='result' id='1' to='me@example.org/here'/>");
  expect((await request).attrs.to).toBe("me@example.org/here");
  expect(dropped).toEqual([
    ["1", "MISADDRESSED"],
    ["2", "MISADDRESSED"],
  ]);
  expect(names()).not.toContain("received");
  broker.halt();
});
