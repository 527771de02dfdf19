import { expect, test } from "vitest";
import { legacy } from "../../src/dialect/legacy.ts";
import { xmpp } from "../../src/dialect/xmpp.ts";
import { Memory, type Protection } from "../../src/negotiate/memory.ts";
import { logins } from "../dialect/logins.ts";
import {
  BINDING,
  bound,
  features,
  HEADER,
  PROVED,
  romeo,
  SASL,
  TLS,
} from "../dialect/xmpp-conversation.ts";

test("the best is remembered, and less changes nothing", () => {
  const memory = new Memory();
  const steps: [Partial<Protection>, Protection][] = [
    [{}, { tls: false, secret: "revealing" }],
    [{ secret: "concealing" }, { tls: false, secret: "concealing" }],
    [{ tls: true }, { tls: true, secret: "concealing" }],
    [{ secret: "mutual" }, { tls: true, secret: "mutual" }],
    [
      { tls: false, secret: "revealing" },
      { tls: true, secret: "mutual" },
    ],
    [{ secret: "concealing" }, { tls: true, secret: "mutual" }],
  ];
  for (const [raised, best] of steps) {
    memory.raise(raised);
    expect(memory.best).toEqual(best);
  }
});

const offering = (...names: string[]): string =>
  features(
    `<mechanisms xmlns='${SASL}'>${names.map((name) => `<mechanism>${name}</mechanism>`).join("")}</mechanisms>`,
  );
const by = (name: string): string => `${offering(name)}
  C: <auth xmlns='${SASL}' mechanism='${name}'${name === "ANONYMOUS" ? "/>" : ">…</auth>"}
  S: <success xmlns='${SASL}'/>
  ${BINDING}${bound("user@example.org/balcony")}`;
const byScram = `${PROVED}${BINDING}${bound("user@example.org/balcony")}`;
const direct = { tls: "direct" } as const;

test("after a mutual login the password does not go out where the server offers PLAIN only", async () => {
  const [first, second, third] = await logins(romeo, [byScram, offering("PLAIN"), byScram], direct);
  expect(first?.code).toBe("ready");
  expect(second).toMatchObject({ code: "DOWNGRADE", retryable: false });
  expect(second?.message).toContain("it offers PLAIN, and an earlier login was mutual");
  expect(second?.failures).toEqual(["auth:failure DOWNGRADE"]);
  expect(second?.heard).not.toContain("<auth");
  // A mechanism as good as before is accepted.
  expect(third?.code).toBe("ready");
});

test("a broker that has never done better takes PLAIN each time, and then better", async () => {
  const results = await logins(
    romeo,
    [by("PLAIN"), by("PLAIN"), byScram, offering("PLAIN")],
    direct,
  );
  expect(results.map(({ code }) => code)).toEqual(["ready", "ready", "ready", "DOWNGRADE"]);
});

test("a login that failed is no better one", async () => {
  const refused = PROVED.replace(
    /<success.*/,
    `<failure xmlns='${SASL}'><not-authorized/></failure>`,
  );
  const results = await logins(romeo, [refused, by("PLAIN")], direct);
  expect(results.map(({ code }) => code)).toEqual(["AUTH_FAILED", "ready"]);
});

test("an offer of which nothing could ever be used is no downgrade", async () => {
  const [, second] = await logins(romeo, [byScram, offering("X-OAUTH2")], direct);
  expect(second?.code).toBe("NO_MECHANISM");
});

test.each([
  ["EXTERNAL", "PLAIN", "DOWNGRADE"],
  ["PLAIN", "EXTERNAL", "ready"],
  ["ANONYMOUS", "PLAIN", "ready"],
])("%s and then only %s: %s", async (first, second, code) => {
  const dialect = xmpp({
    jid: "user@example.org/balcony",
    password: "pencil",
    mechanisms: ["EXTERNAL", "PLAIN", "ANONYMOUS"],
  });
  const results = await logins(
    dialect,
    [by(first), code === "ready" ? by(second) : offering(second)],
    direct,
  );
  expect(results.map((result) => result.code)).toEqual(["ready", code]);
});

test("the memory of one broker is none of another's", async () => {
  const [first] = await logins(romeo, [byScram], direct);
  const [other] = await logins(romeo, [by("PLAIN")], direct);
  expect([first?.code, other?.code]).toEqual(["ready", "ready"]);
});

test("after TLS under opportunistic nothing is said in clear", async () => {
  const starting = `C: <stream:stream …>
    S: ${HEADER}<stream:features><starttls xmlns='${TLS}'/></stream:features>
    C: <starttls xmlns='${TLS}'/>
    S: <proceed xmlns='${TLS}'/>`;
  const [first, second, third] = await logins(
    romeo,
    [`${starting}${byScram}`, offering("SCRAM-SHA-1"), `${starting}${byScram}`],
    { tls: "opportunistic" },
  );
  expect(first?.code).toBe("ready");
  expect(second).toMatchObject({ code: "DOWNGRADE", retryable: false });
  expect(second?.message).toContain("no TLS");
  expect(second?.failures).toEqual(["tls:failure DOWNGRADE"]);
  expect(second?.heard).not.toContain("<auth");
  expect(third?.code).toBe("ready");
});

test("without TLS from the beginning opportunistic goes on without", async () => {
  const results = await logins(romeo, [byScram, byScram], { tls: "opportunistic" });
  expect(results.map(({ code }) => code)).toEqual(["ready", "ready"]);
});

test("jabber:iq:auth sends no password after a digest", async () => {
  const auth = "jabber:iq:auth";
  const asking = (...fields: string[]): string => `C: <stream:stream …>
    S: <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' from='example.org'>
    C: <iq type='get' id='{a}'>…</iq>
    S: <iq type='result' id='{a}'><query xmlns='${auth}'><username/><resource/>
       ${fields.map((field) => `<${field}/>`).join("")}</query></iq>`;
  const answering = (field: string): string => `
    C: <iq type='set' id='{b}'><query xmlns='${auth}'><username>user</username><${field}>…</iq>
    S: <iq type='result' id='{b}'/>`;
  const dialect = legacy({ jid: "user@example.org/x", password: "pencil", plaintext: true });
  const results = await logins(
    dialect,
    [
      asking("password") + answering("password"),
      asking("digest") + answering("digest"),
      asking("password", "digest") + answering("digest"),
      asking("password"),
    ],
    { tls: "plaintext" },
  );
  expect(results.map(({ code }) => code)).toEqual(["ready", "ready", "ready", "DOWNGRADE"]);
  expect(results[2]?.heard).not.toContain("pencil");
  expect(results[3]).toMatchObject({ retryable: false, failures: ["auth:failure DOWNGRADE"] });
  expect(results[3]?.heard).not.toContain("pencil");
});
