import assert from "node:assert/strict";
import { expect, test } from "vitest";
import * as library from "../../src/node.ts";
import * as testing from "../../src/testing/index.ts";
import { Faults, PHASES } from "../../src/testing/loopback/faults.ts";
import { habitNames } from "../../src/testing/loopback/management/habits.ts";
import { mechanismNames } from "../../src/testing/loopback/sasl/sasl.ts";
import { loopbackOptionNames } from "../../src/testing/loopback/server-options.ts";
import { peerOptionNames } from "../../src/testing/peer/scripted-peer-options.ts";
import { cutMoments } from "../../src/testing/relay/cut-place.ts";
import { relayOptionNames } from "../../src/testing/relay/cutting-relay.ts";
import { cutModes } from "../../src/testing/relay/relayed-connection.ts";
import { codeSpans, readDocument, tableRows } from "../docs/document.ts";
import { runnable, snippetsOf } from "../docs/snippets.ts";

const guide = readDocument("docs/testing.md");
const snippets = snippetsOf("docs/testing.md").map(runnable);

const MODULES: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  "node:assert/strict": { assert },
  "xmpp-broker": library,
  "xmpp-broker/testing": testing,
};

type Body = (...values: unknown[]) => Promise<unknown>;
const AsyncFunction = (async () => {
  /* only its constructor is wanted */
}).constructor as new (
  ...namesAndBody: string[]
) => Body;

/** The names in the first column of the table with that head. */
const listed = (head: string): string[] =>
  tableRows(guide.slice(guide.indexOf(`\n| ${head} |`))).map(
    ([cell = ""]) => codeSpans(cell)[0]?.replace(/\(.*/, "") ?? "",
  );

test.each(snippets)("snippet %# runs", async (code) => {
  const names: string[] = [];
  const values: unknown[] = [];
  const body = code.replace(/^import (.*) from "(.*)";$/gm, (_, what: string, from: string) => {
    for (const name of what
      .replace(/[{}]/g, "")
      .split(",")
      .map((one) => one.trim())) {
      expect(MODULES[from], `${from} exports ${name}`).toHaveProperty(name);
      names.push(name);
      values.push(MODULES[from]?.[name]);
    }
    return "";
  });
  await new AsyncFunction(...names, body)(...values);
});

test("there are as many snippets as the guide is thought to have", () => {
  expect(snippets).toHaveLength(11);
});

test("every option, fault, phase, port and mechanism has its row", async () => {
  await using server = await testing.LoopbackServer.start({ http: true });
  expect(listed("option")).toEqual(loopbackOptionNames);
  expect(listed("habit")).toEqual(habitNames);
  expect(listed("phase")).toEqual(PHASES);
  expect(listed("port")).toEqual(Object.keys(server.ports).map((name) => `ports.${name}`));
  const faults = Object.getOwnPropertyNames(Faults.prototype).slice(1);
  expect(listed("fault").sort()).toEqual(faults.sort());
  expect(listed("peer option")).toEqual(peerOptionNames);
  expect(listed("relay option")).toEqual(relayOptionNames);
  expect(listed("mode")).toEqual(cutModes);
  expect(listed("place").slice(0, cutMoments.length)).toEqual(cutMoments);
  expect(listed("rule")).toEqual(Object.keys(new testing.Ledger().verdict().broken));
  for (const mechanism of mechanismNames) expect(guide).toContain(`\`${mechanism}\``);
});
