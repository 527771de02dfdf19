import { describe, expect, test } from "vitest";
import * as library from "../../src/node.ts";
import * as xmlEntry from "../../src/xml.ts";
import { axes } from "../../src/xpath/evaluate/axes.ts";
import { coreFunctions } from "../../src/xpath/evaluate/functions.ts";
import * as xpathEntry from "../../src/xpath.ts";
import { codeBlocks, codeSpans, readDocument, section, tableRows } from "../docs/document.ts";

const page = readDocument("docs/filters.md");
const { compile, FilterIndex, filters } = xpathEntry;

/** A cell's code, with the bars that a table must escape. */
function code(cell = ""): string[] {
  return codeSpans(cell).map((span) => span.replaceAll("\\|", "|"));
}

function explanation(expression: string): string {
  return FilterIndex.explain(expression);
}

describe("the guide to filters", () => {
  test.each(tableRows(section(page, "Ten examples")))(
    "%s is found as it says",
    (filter, _matches, key) => {
      const [expression = ""] = code(filter);
      const [found] = code(key);
      const expected = found === undefined ? "tried on every stanza" : `found by ${found}`;
      expect(explanation(expression)).toBe(expected);
    },
  );

  test.each(tableRows(section(page, "How filters are found")))(
    "%s is explained as it says",
    (filter, said = "") => {
      const [expression = ""] = code(filter);
      expect(explanation(expression)).toBe(said.replaceAll("`", ""));
    },
  );

  test("lists the named filters, each with its expression", () => {
    const rows = tableRows(section(page, "Filters with a name"));
    const listed = Object.fromEntries(
      rows.map(([name, text]) => [code(name)[0] ?? "", code(text)[0]]),
    );
    expect(listed).toEqual(filters);
  });

  test("shows expressions that compile, and every function", () => {
    const rows = tableRows(section(page, "The language"));
    const named = rows
      .filter(([what]) => what?.startsWith("functions"))
      .flatMap(([, write]) => code(write));
    expect([...new Set(named)].sort()).toEqual(Object.keys(coreFunctions).sort());
    expect(named).toHaveLength(27);
    for (const [, write] of rows.slice(0, 6)) {
      for (const expression of code(write)) expect(() => compile(expression)).not.toThrow();
    }
  });

  test("tells the message of an error as it is", () => {
    const [message = ""] = codeBlocks(page, "");
    expect(() => compile("/message[cuont(body) > 1]")).toThrow(message.trimEnd());
  });

  test("has snippets that run", async () => {
    const modules: Record<string, Record<string, unknown>> = {
      "xmpp-broker": library,
      "xmpp-broker/xml": xmlEntry,
      "xmpp-broker/xpath": xpathEntry,
    };
    const printed: unknown[][] = [];
    const console = { log: (...values: unknown[]) => printed.push(values) };
    for (const snippet of codeBlocks(page, "js")) {
      const scope: Record<string, unknown> = { console };
      const body = snippet.replace(
        /^import \{ (.*) \} from "(.*)";$/gm,
        (_line, names: string, from: string) => {
          for (const name of names.split(", ")) scope[name] = modules[from]?.[name];
          return "";
        },
      );
      const Constructor = (async () => {
        /* only its constructor is wanted */
      }).constructor as new (
        ...parts: string[]
      ) => (...values: unknown[]) => Promise<unknown>;
      await new Constructor(...Object.keys(scope), body)(...Object.values(scope));
    }
    expect(printed).toEqual([
      ["found by /message[@from = 'a@example.org']"],
      [true, 1],
      [5],
      ["Hello"],
      ["a value of yours", [expect.objectContaining({ name: "body" })], false],
    ]);
  });

  test("there are thirteen axes", () => {
    expect(Object.keys(axes)).toHaveLength(13);
  });
});
