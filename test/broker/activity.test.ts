import { expect, test } from "vitest";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { takesActivity } from "../../src/negotiate/activity.ts";
import { parse } from "../../src/xml/read/parse.ts";
import { heard } from "../session/acks/managed-line.ts";
import { message } from "../session/acks/proof-line.ts";
import { settled } from "../virtual-clock.ts";
import { readyLine } from "./line.ts";
import {
  ask,
  ENABLE,
  FRESH,
  failed,
  managed,
  managedOutage,
  PROBE,
  resumed,
} from "./managed-outage.ts";

const CSI = "urn:xmpp:csi:0";
const INACTIVE = `<inactive xmlns='${CSI}'/>`;
const ACTIVE = `<active xmlns='${CSI}'/>`;

/** The same login, on a server that wants to know. */
const asking: Dialect = {
  ...managed,
  async negotiate(login) {
    return { ...(await managed.negotiate(login)), takesActivity: true };
  },
};

test.each([
  [`<csi xmlns='${CSI}'/>`, true],
  ["<csi xmlns='urn:xmpp:csi:1'/>", false],
  ["", false],
])("the features %s ask for the activity: %s (XEP-0352)", (inside, asks) => {
  expect(takesActivity(parse(`<features>${inside}</features>`))).toBe(asks);
});

test("the word is told at once, and the same word not twice", async () => {
  const made = managedOutage([ENABLE], { dialect: asking });
  const { broker } = made;
  await broker.connect();
  expect(await heard(made.server)).toBe("");
  for (const word of [false, false, true, true, false]) broker.setActive(word);
  expect(await heard(made.server)).toBe(INACTIVE + ACTIVE + INACTIVE);
  broker.halt();
});

test("the word given before the login, and while there is no connection, is told before ready", async () => {
  const scripts = [ENABLE, ask(0) + resumed(0) + PROBE, ask(1) + failed()];
  const made = managedOutage(scripts, { dialect: asking });
  const { broker, clock, servers } = made;
  broker.on("ready", () => broker.send(message("listener")));
  broker.setActive(false);
  await broker.connect();
  expect(await heard(made.server)).toMatch(new RegExp(`^${INACTIVE}.*listener`));
  // It is told again after a resumption, and after a fresh login.
  made.server.cut();
  await clock.pass(1000);
  expect(await heard(made.server)).toMatch(new RegExp(`listener.*${INACTIVE}.*listener`));
  made.server.cut();
  await settled();
  broker.setActive(true);
  await clock.pass(1000);
  expect(servers.length).toBe(3);
  expect(await heard(made.server)).toMatch(new RegExp(`^${ACTIVE}.*listener`));
  broker.halt();
});

test("nothing is told where the server does not ask", async () => {
  const made = managedOutage([ENABLE, FRESH]);
  made.broker.setActive(false);
  await made.broker.connect();
  made.broker.setActive(true);
  expect(await heard(made.server)).toBe("");
  made.broker.halt();
  const { broker, server } = await readyLine();
  broker.setActive(false);
  expect(await heard(server)).toBe("");
  broker.halt();
});

test("a word that is none is BAD_OPTION", () => {
  const { broker } = managedOutage([ENABLE]);
  expect(() => {
    broker.setActive("yes" as never);
  }).toThrow("isActive must be true or false");
});
