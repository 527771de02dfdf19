import { expect, test } from "vitest";
import type { Dialect } from "../../src/dialect/dialect.ts";
import * as library from "../../src/node.ts";
import { codeBlocks, readDocument } from "../docs/document.ts";
import { runnable, snippetsOf } from "../docs/snippets.ts";
import { attempt, attemptAtMute } from "./attempt.ts";

const page = readDocument("docs/a-new-dialect.md");
const [conversation = ""] = codeBlocks(page, "text");
const [module = "", use = ""] = snippetsOf("docs/a-new-dialect.md").map(runnable);

/** The constructor of async functions or plain ones; it has no global name. */
const Code = (() => undefined).constructor as new (
  ...namesAndBody: string[]
) => (...values: unknown[]) => unknown;

type Gate = (options: { domain: string; ticket: string }) => Dialect;

/** The page's module, with the package's own exports for its import. */
function gateOfThePage(): Gate {
  const [statement = "", names = ""] =
    /^import \{ (.*) \} from "xmpp-broker";$/m.exec(module) ?? [];
  const list = names.split(", ");
  for (const name of list) expect(library).toHaveProperty(name);
  const body = `${module.replace(statement, "").replaceAll("export ", "")}\nreturn gate;`;
  const make = new Code(...list, body);
  return make(...list.map((name) => (library as Record<string, unknown>)[name])) as Gate;
}

const gate = gateOfThePage();
const pass = gate({ domain: "gate.example.org", ticket: "row 7" });

test("the page's dialect logs in, and its parcels are put on and taken off", async () => {
  const received: unknown[] = [];
  const { ready, events, peer, broker } = await attempt(pass, conversation, {}, (waiting) => {
    waiting.filter("/message/body", ({ stanza, route }) => {
      received.push([stanza.ns, stanza.childText("body"), route?.attrs.from]);
    });
  });
  expect(ready?.jid).toBe("echo.gate.example.org");
  expect(events).toEqual([
    "connect",
    "connecting",
    "connected",
    "stream:start",
    "tls:start",
    "tls:success",
    "stream:start",
    "auth:start ticket",
    "auth:success ticket",
    "ready echo.gate.example.org",
  ]);
  const lost = new Promise((resolve) => {
    broker.on("delivery", ({ delivery }) => {
      if (delivery.state === "failed") resolve(delivery.error);
    });
  });
  const stanza = library.xml(
    "message",
    { to: "romeo@example.net" },
    library.xml("body", {}, "hello"),
  );
  broker.send(stanza);
  expect(stanza.ns).toBeUndefined();
  expect(await lost).toMatchObject({ code: "NOT_ROUTED" });
  await peer.done;
  expect(received).toEqual([["jabber:client", "hello yourself", "romeo@example.net"]]);
  expect(broker.send(library.xml("message")).error?.code).toBe("MISSING_TO");
  broker.halt();
});

const upTo = (line: string): string => conversation.slice(0, conversation.indexOf(line));

test.each([
  ["a gate without TLS", `${upTo("S: <stream:features")}S: <stream:features/>`, "TLS_UNAVAILABLE"],
  [
    "a gate that refuses TLS",
    `${upTo("S: <proceed")}S: <failure xmlns='${library.NS.tls}'/>`,
    "TLS_FAILED",
  ],
  [
    "a gate without tickets",
    `${upTo("S: <stream:features><ticket")}S: <stream:features/>`,
    "NO_MECHANISM",
  ],
  ["a gate that turns one away", `${upTo("S: <welcome")}S: <unwelcome/>`, "AUTH_FAILED"],
  [
    "a gate that closes the stream on one",
    `${upTo("S: <welcome")}S: <stream:error><not-authorized xmlns='${library.NS.streamErrors}'/></stream:error>`,
    "AUTH_FAILED",
  ],
  ["a gate that is left alone by its server", `${upTo("S: <welcome")}S: (cut)`, "DISCONNECTED"],
])("%s ends in the error of its phase", async (_, script, code) => {
  const { error, peer } = await attempt(pass, script);
  expect(error?.code).toBe(code);
  await peer.over;
});

test("a gate that is mute ends in the error of its phase", async () => {
  await attemptAtMute(pass, upTo("S: <welcome"), "TIMEOUT_AUTH");
});

test("the ticket shows neither in the dialect nor in the broker's settings", async () => {
  const { broker } = await attempt(pass, conversation);
  expect(JSON.stringify([pass, broker.settings])).not.toContain("row 7");
  broker.halt();
});

test("the page's use of it makes a broker", () => {
  const make = new Code("Broker", "gate", `${use}\nreturn broker;`);
  const broker = make(library.Broker, gate) as library.Broker;
  expect(broker.settings.dialect.name).toBe("gate");
});
