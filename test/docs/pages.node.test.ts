import { expect, test } from "vitest";
import * as codes from "../../src/base/error-codes.ts";
import type { OptionRows } from "../../src/base/option.ts";
import { EVENTS } from "../../src/contract/events.ts";
import { BROKER_OPTIONS } from "../../src/contract/options.ts";
import { CALLS } from "../../src/contract/rows/call-options.ts";
import { type DialectName, dialects } from "../../src/dialect/dialects.ts";
import { printDelivery } from "./delivery-page.ts";
import { exampleOf, printDialects, printMechanisms } from "./dialects-page.ts";
import { locate, readDocument } from "./document.ts";
import { printErrors } from "./errors-page.ts";
import { printEvents } from "./events-page.ts";
import { printStats } from "./operating-page.ts";
import {
  describe as described,
  givenTypes,
  printCalls,
  printLimits,
  printOptions,
  written,
} from "./options-page.ts";
import { fillIn } from "./print.ts";
import { printPolicy } from "./reconnecting-page.ts";
import { type Member, Source } from "./source.ts";

const source = new Source(["src/node.ts", "src/dialect/dialects.ts"]);

/** Each page that tables print, and its places. */
const pages: Readonly<Record<string, (place: string) => string>> = {
  "options.md": (place) => (place === "calls" ? printCalls(source) : printOptions(source)),
  "events.md": () => printEvents(source),
  "operating.md": () => printStats(source),
  "delivery.md": (place) => printDelivery(source, place),
  "errors.md": (place) => printErrors(source, place),
  "reconnecting.md": () => printPolicy(),
  "xml.md": () => printLimits(source),
  "dialects.md": (place) => (place === "mechanisms" ? printMechanisms() : printDialects(source)),
};

// `npm run docs` writes the pages.
test.each(Object.entries(pages))("docs/%s is what its tables print", async (name, print) => {
  const page = readDocument(`docs/${name}`);
  await expect(fillIn(page, print)).toMatchFileSnapshot(locate(`docs/${name}`).pathname);
});

test("docs/errors.md has a place for each group of codes", () => {
  const groups = Object.keys(codes).filter((name) => name.endsWith("_CODES"));
  const places = [...readDocument("docs/errors.md").matchAll(/<!-- printed: (.*) -->/g)];
  expect(places.map(([, name]) => name)).toEqual(groups);
});

/** Every option there is, with its row and its description. */
const options: [string, unknown, Member][] = [
  ...rowsOf(
    "",
    BROKER_OPTIONS.takes,
    source.exported("src/contract/options.ts", "BrokerOptions").members(),
  ),
  ...source
    .exported("src/contract/rows/call-options.ts", "CALLS")
    .members()
    .flatMap((call) => {
      const rows: OptionRows = CALLS[call.name as keyof typeof CALLS];
      return rowsOf(`${call.name}: `, rows, givenTypes(call.members()));
    }),
  ...(Object.keys(dialects) as DialectName[]).flatMap((name) => {
    const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Options`;
    const members = source.exported(`src/dialect/${name}.ts`, type).members();
    return rowsOf(`${name}: `, dialects[name].options.takes, members);
  }),
];

function rowsOf(prefix: string, rows: OptionRows, members: readonly Member[]): typeof options {
  return Object.entries(rows).flatMap(([name, row]) => {
    const member = members.find((each) => each.name === name);
    if (member === undefined) throw new TypeError(`the type has no option ${name}`);
    if (row.rows !== undefined) return rowsOf(`${prefix}${name}.`, row.rows, member.members());
    return [[prefix + name, row.fallback, member]];
  });
}

test.each(options)("the doc comment of %s gives its default", (_, fallback, member) => {
  const { said, line } = described(member);
  expect(said).toEqual(written(fallback) ?? expect.stringMatching(/./));
  expect(line).toMatch(/[.)]$/);
});

test.each(Object.keys(EVENTS))("the event %s has a line", (name) => {
  const events = source.exported("src/contract/events.ts", "BrokerEvents").members();
  expect(events.find((event) => event.name === name)?.doc).toMatch(/^[A-Z`].*\.\)?$/);
});

test.each(Object.keys(dialects))("the example of %s makes that dialect", (name) => {
  expect(exampleOf(source, name).dialect.name).toBe(name);
});
