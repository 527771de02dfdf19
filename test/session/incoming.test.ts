import { expect, test, vi } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import type { Broker } from "../../src/broker/broker.ts";
import type { Delivery } from "../../src/contract/delivery.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { StanzaError } from "../../src/stream/stanza-error.ts";
import { xml } from "../../src/xml/element.ts";
import { bare, type Line, readyLine } from "../broker/line.ts";
import { settled } from "../virtual-clock.ts";

const ASKED =
  "<iq type='get' id='q' from='a@b/c' to='me@example.org/here'><query xmlns='urn:x'/></iq>";
const ERROR = (type: string, condition: string) =>
  `<iq type='error' id='q' to='a@b/c' from='me@example.org/here'><error type='${type}'><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>`;
const RESULT = (payload = "") =>
  payload === ""
    ? "<iq type='result' id='q' to='a@b/c' from='me@example.org/here'/>"
    : `<iq type='result' id='q' to='a@b/c' from='me@example.org/here'>${payload}</iq>`;

/** How long `ask` waits for an answer, in milliseconds. */
const PATIENCE = 15;

/** Asks, and collects all that comes back until the marker sent behind it. */
async function ask({ server, broker, clock }: Line, question = ASKED): Promise<string> {
  server.say(question);
  server.say("<message id='behind'/>");
  await broker.waitFor("/message[@id='behind']");
  await clock.pass(PATIENCE);
  broker.send(xml("message", { id: "end" }));
  return (await server.hears("<message id='end'/>")).replace("<message id='end'/>", "");
}

/** Answers nothing before what stands in the list it gives is called, for each request in turn. */
function answersLater({ broker }: Line): (() => void)[] {
  const finish: (() => void)[] = [];
  broker.respond(
    "/iq",
    () =>
      new Promise<void>((resolve) => {
        finish.push(resolve);
      }),
  );
  return finish;
}

const UNAVAILABLE = ERROR("cancel", "service-unavailable");
const INTERNAL = ERROR("cancel", "internal-server-error");

test.each<[string, (broker: Broker) => void, string]>([
  ["nobody", () => undefined, UNAVAILABLE],
  ["a filter that only looks", (b) => b.filter("/iq", () => undefined), UNAVAILABLE],
  [
    "a filter that throws",
    (b) =>
      b.filter("/iq", () => {
        throw new TypeError("x");
      }),
    UNAVAILABLE,
  ],
  [
    "a slow filter that rejects",
    (b) =>
      b.filter("/iq", async () => {
        await Promise.resolve();
        throw new TypeError("x");
      }),
    UNAVAILABLE,
  ],
  ["a responder without result", (b) => b.respond("/iq", () => undefined), RESULT()],
  [
    "a responder with a payload",
    (b) => b.respond("/iq", () => xml("query", { xmlns: "urn:x" }, "1")),
    RESULT("<query xmlns='urn:x'>1</query>"),
  ],
  [
    "a slow responder",
    (b) =>
      b.respond("/iq", async () => {
        await Promise.resolve();
        return xml("query", { xmlns: "urn:x" });
      }),
    RESULT("<query xmlns='urn:x'/>"),
  ],
  [
    "a whole iq",
    (b) =>
      b.respond("/iq", ({ stanza }) =>
        xml("iq", { type: "result", id: stanza.attrs.id, to: stanza.attrs.from }),
      ),
    RESULT(),
  ],
  [
    "an iq from somebody else",
    (b) => b.respond("/iq", () => xml("iq", { type: "result", id: "q", to: "a@b/c", from: "x@y" })),
    INTERNAL,
  ],
  [
    "an iq to somebody else",
    (b) => b.respond("/iq", () => xml("iq", { type: "result", id: "q", to: "evil@b" })),
    INTERNAL,
  ],
  [
    "an iq with another id",
    (b) => b.respond("/iq", () => xml("iq", { type: "result", id: "z", to: "a@b/c" })),
    INTERNAL,
  ],
  [
    "an iq that asks",
    (b) => b.respond("/iq", () => xml("iq", { type: "get", id: "q", to: "a@b/c" })),
    INTERNAL,
  ],
  [
    "an answer that is not legal XML",
    (b) => b.respond("/iq", () => xml("query", { xmlns: "urn:x" }, "\u0000")),
    INTERNAL,
  ],
  [
    "a thrown StanzaError",
    (b) =>
      b.respond("/iq", () => {
        throw new StanzaError("forbidden");
      }),
    ERROR("auth", "forbidden"),
  ],
  [
    "a rejected StanzaError",
    (b) =>
      b.respond("/iq", () => Promise.reject(new StanzaError("item-not-found", { type: "wait" }))),
    ERROR("wait", "item-not-found"),
  ],
  [
    "a responder that throws",
    (b) =>
      b.respond("/iq", () => {
        throw new TypeError("x");
      }),
    INTERNAL,
  ],
  [
    "a responder that says nothing",
    (b) => b.respond("/iq", () => new Promise(() => undefined)),
    INTERNAL,
  ],
  [
    "two responders",
    (b) => {
      b.respond("/iq", () => xml("first", { xmlns: "urn:x" }));
      b.respond("/iq", () => xml("second", { xmlns: "urn:x" }));
    },
    RESULT("<first xmlns='urn:x'/>"),
  ],
  [
    "a filter that sends the answer",
    (b) =>
      b.filter("/iq", ({ stanza }) =>
        b.send(xml("iq", { type: "result", id: stanza.attrs.id, to: stanza.attrs.from })),
      ),
    "<iq type='result' id='q' to='a@b/c'/>",
  ],
  [
    "a filter that sends it late",
    (b) =>
      b.filter("/iq", async ({ stanza }) => {
        await settled(10);
        b.send(xml("iq", { type: "result", id: stanza.attrs.id, to: stanza.attrs.from }));
      }),
    "<iq type='result' id='q' to='a@b/c'/>",
  ],
  [
    "a filter that answers before the responder",
    (b) => {
      b.filter("/iq", ({ stanza }) =>
        b.send(xml("iq", { type: "result", id: stanza.attrs.id, to: stanza.attrs.from })),
      );
      b.respond("/iq", () => xml("second", { xmlns: "urn:x" }));
    },
    "<iq type='result' id='q' to='a@b/c'/>",
  ],
])("asked with %s there is exactly one answer", async (who, prepare, expected) => {
  const respond = who === "a responder that says nothing" ? PATIENCE : PATIENCE + 1;
  const made = await readyLine({ timeouts: { respond } });
  prepare(made.broker);
  expect(await ask(made)).toBe(expected);
  made.broker.halt();
});

test("a second answer is refused", async () => {
  const made = await readyLine();
  const { broker, server } = made;
  server.say(ASKED);
  await server.hears("</iq>");
  const second = broker.send(xml("iq", { type: "result", id: "q", to: "a@b/c" }));
  expect(second.error?.code).toBe("ALREADY_ANSWERED");
  // The asker may use its id again, and then it may be answered again.
  server.say(ASKED);
  await server.hears("</iq>");
  broker.halt();
});

test("answers that answer nothing we know are let through", async () => {
  const { broker, server } = await readyLine();
  broker.send(xml("iq", { type: "result", id: "other", to: "x@y" }));
  expect(await server.hears("/>")).toBe("<iq type='result' id='other' to='x@y'/>");
  broker.halt();
});

test("pings are answered, also with unhandled ignore, unless somebody claims them", async () => {
  const ping = ASKED.replace("<query xmlns='urn:x'/>", "<ping xmlns='urn:xmpp:ping'/>");
  const made = await readyLine({ unhandled: "ignore" });
  expect(await ask(made, ping)).toBe(RESULT());
  made.broker.respond("/iq", () => {
    throw new StanzaError("not-allowed");
  });
  expect(await ask(made, ping)).toBe(ERROR("cancel", "not-allowed"));
  made.broker.halt();
});

test("with unhandled ignore the program may answer whenever it likes, once", async () => {
  const made = await readyLine({ unhandled: "ignore" });
  expect(await ask(made)).toBe("");
  const answer = () => made.broker.send(xml("iq", { type: "result", id: "q", to: "a@b/c" }));
  await answer().written();
  expect(answer().error?.code).toBe("ALREADY_ANSWERED");
  made.broker.halt();
});

test("answers and errors are never answered", async () => {
  const made = await readyLine();
  for (const type of ["result", "error"]) {
    expect(await ask(made, `<iq type='${type}' id='q' from='a@b/c'/>`)).toBe("");
  }
  made.broker.halt();
});

test("more requests than may be open are refused with resource-constraint", async () => {
  const made = await readyLine({ limits: { requests: 1 } });
  made.broker.respond("/iq", () => new Promise(() => undefined));
  expect(await ask(made, ASKED.replace("'q'", "'first'"))).toBe("");
  expect(await ask(made)).toBe(ERROR("wait", "resource-constraint"));
  // A ping is answered all the same: the program is alive.
  const ping = ASKED.replace("<query xmlns='urn:x'/>", "<ping xmlns='urn:xmpp:ping'/>");
  expect(await ask(made, ping)).toBe(RESULT());
  made.broker.halt();
});

test("a request that is refused leaves an open one with the same id open", async () => {
  const made = await readyLine({ limits: { requests: 1 } });
  const finish = answersLater(made);
  const refused = ERROR("wait", "resource-constraint");
  expect(await ask(made)).toBe("");
  // Each is refused for itself, the open one stays open and in the way of others, and gets its answer.
  expect(await ask(made)).toBe(refused);
  expect(await ask(made)).toBe(refused);
  expect(await ask(made, ASKED.replace("'q'", "'z'"))).toBe(refused.replace("'q'", "'z'"));
  finish.pop()?.();
  await made.server.hears(RESULT());
  made.broker.halt();
});

test("one asker gets a quarter of the open requests, and the others are served", async () => {
  const made = await readyLine({ limits: { requests: 16 } });
  const finish = answersLater(made);
  const from = (asker: string) => ASKED.replace("a@b/c", asker);
  const refused = (asker: string) => ERROR("wait", "resource-constraint").replace("a@b/c", asker);
  for (let round = 0; round < 2; round++) {
    // All resources of an account are one asker.
    for (let n = 0; n < 4; n++) expect(await ask(made, from(`a@b/${n}`))).toBe("");
    expect(await ask(made, from("a@b/x"))).toBe(refused("a@b/x"));
    // The others have their own shares, and together no more than all.
    for (let n = 0; n < 12; n++) expect(await ask(made, from(`${n % 3}@b/c`))).toBe("");
    expect(await ask(made, from("last@b"))).toBe(refused("last@b"));
    // One answered makes room for one, of the same asker too.
    finish.shift()?.();
    await made.server.hears("to='a@b/0' from='me@example.org/here'/>");
    expect(await ask(made, from("0@b/c"))).toBe(refused("0@b/c"));
    expect(await ask(made, from("a@b"))).toBe("");
    for (const one of finish.splice(0)) one();
    await made.server.hears("to='a@b' from='me@example.org/here'/>");
    await made.server.hears(made.server.unread);
  }
  made.broker.halt();
});

test("a small limit is not divided", async () => {
  const made = await readyLine({ limits: { requests: 15 } });
  made.broker.respond("/iq", () => new Promise(() => undefined));
  for (let n = 0; n < 15; n++) expect(await ask(made, ASKED.replace("'q'", `'${n}'`))).toBe("");
  expect(await ask(made)).toBe(ERROR("wait", "resource-constraint"));
  made.broker.halt();
});

test("requests left to the program are nobody's share", async () => {
  const made = await readyLine({ unhandled: "ignore", limits: { requests: 16 } });
  for (let n = 0; n < 5; n++) expect(await ask(made, ASKED.replace("'q'", `'${n}'`))).toBe("");
  made.broker.respond("/iq", () => new Promise(() => undefined));
  for (let n = 5; n < 9; n++) expect(await ask(made, ASKED.replace("'q'", `'${n}'`))).toBe("");
  expect(await ask(made)).toBe(ERROR("wait", "resource-constraint"));
  made.broker.halt();
});

test("a StanzaError of another copy of the package is one", async () => {
  // (A file that is asked for with a query is another module.)
  const path = "../../src/stream/stanza-error.ts?copy";
  const copy = (await import(/* @vite-ignore */ path)) as {
    readonly StanzaError: typeof StanzaError;
  };
  expect(copy.StanzaError).not.toBe(StanzaError);
  const made = await readyLine();
  made.broker.respond("/iq", () => {
    throw new copy.StanzaError("item-not-found");
  });
  expect(await ask(made)).toBe(ERROR("cancel", "item-not-found"));
  made.broker.halt();
});

test("requests that a program never answers keep no others out", async () => {
  const made = await readyLine({ unhandled: "ignore", limits: { requests: 1 } });
  expect(await ask(made)).toBe("");
  expect(await ask(made, ASKED.replace("'q'", "'z'"))).toBe("");
  const answer = () => made.broker.send(xml("iq", { type: "result", id: "z", to: "a@b/c" }));
  await answer().written();
  expect(answer().error?.code).toBe("ALREADY_ANSWERED");
  made.broker.halt();
});

test("a request that cannot be answered takes up no room", async () => {
  const dialect: Dialect = {
    ...bare,
    outbound(stanza) {
      if (stanza.name === "iq" && stanza.attrs.to === undefined)
        throw new BrokerError("MISSING_TO");
      return stanza;
    },
  };
  const made = await readyLine({ dialect, limits: { requests: 1 } });
  for (let n = 0; n < 3; n++) expect(await ask(made, "<iq type='get' id='q'/>")).toBe("");
  expect(await ask(made)).toBe(UNAVAILABLE);
  made.broker.halt();
});

test("an answer that comes after the connection ended goes nowhere", async () => {
  const made = await readyLine();
  const finish = answersLater(made);
  made.server.say(ASKED);
  await settled();
  made.broker.halt();
  await made.broker.connect();
  finish.pop()?.();
  await settled();
  expect(made.server.unread).toBe("");
  expect(made.broker.queue.size).toBe(0);
  made.broker.halt();
});

test("two requests with one id, answered in the other order, get an answer each", async () => {
  const made = await readyLine({ limits: { requests: 2 } });
  const finish = answersLater(made);
  for (let round = 0; round < 2; round++) {
    made.server.say(ASKED + ASKED);
    await made.server.delivered();
    finish.pop()?.();
    await made.server.hears(RESULT());
    finish.pop()?.();
    await made.server.hears(RESULT());
  }
  made.broker.halt();
});

test("what a handler sends while a shutdown waits for it is the answer", async () => {
  const line = await readyLine();
  const { broker, server } = line;
  let answer: Delivery | undefined;
  broker.filter("/iq", async ({ stanza: { attrs } }) => {
    await settled(5);
    const result = xml("iq", { type: "result", id: attrs.id, to: attrs.from, from: attrs.to });
    answer = broker.send(result);
  });
  server.say(ASKED);
  await broker.waitFor("/iq");
  const done = broker.shutdown();
  expect(broker.send(xml("message", { id: "too late" })).state).toBe("queued");
  expect(await server.hears("</stream:stream>")).toBe(`${RESULT()}</stream:stream>`);
  expect(answer?.state).toBe("written");
  server.say("</stream:stream>");
  await done;
  expect(broker.queue.size).toBe(1);
});

test.each<[string, () => Promise<never>]>([
  ["rejects", () => Promise.reject(new TypeError("why"))],
  [
    "throws",
    () => {
      throw new TypeError("why");
    },
  ],
])("what a responder that %s is reported with is its own error", async (_, fails) => {
  const line = await readyLine();
  const reported = vi.fn();
  line.broker.on("error", reported);
  line.broker.respond("/iq", fails);
  expect(await ask(line)).toBe(INTERNAL);
  expect(reported).toHaveBeenCalledExactlyOnceWith({
    source: "/iq",
    error: expect.objectContaining({
      code: "HANDLER_FAILED",
      cause: new TypeError("why"),
    }) as Error,
  });
});

test("what a responder that is too slow is reported with says so", async () => {
  const line = await readyLine({ timeouts: { respond: 2000 } });
  const told: string[] = [];
  line.broker.on("error", ({ error }) => told.push(error.message));
  line.broker.respond("/iq", () => new Promise(() => undefined));
  line.server.say(ASKED);
  await line.clock.pass(2000);
  await line.server.hears(INTERNAL);
  expect(told).toEqual([
    "a handler failed: of /iq: no answer came in time: the handler took longer than 2000 ms",
  ]);
  line.broker.halt();
});

test("an iq of another namespace is no answer to a request", async () => {
  const made = await readyLine({ unhandled: "ignore" });
  await ask(made);
  const answer = { type: "result", id: "q", to: "a@b/c" };
  expect(made.broker.send(xml("iq", { xmlns: "urn:x", ...answer })).error).toBeUndefined();
  expect(made.broker.send(xml("iq", answer)).error).toBeUndefined();
  expect(made.broker.send(xml("iq", answer)).error?.code).toBe("ALREADY_ANSWERED");
  made.broker.halt();
});
