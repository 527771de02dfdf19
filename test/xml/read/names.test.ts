import { describe, expect, test } from "vitest";
import { lease } from "../../../src/xml/read/bytes/slab.ts";
import { knownName, LONGEST_NAME, learnName, MOST_NAMES } from "../../../src/xml/read/names.ts";
import { bytesOf, record } from "../recorder.ts";

const HEADER = "<s:s xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>";

/** The kept name that is found where a tag has this text. */
function found(tag: string): string | undefined {
  const slab = lease(256);
  slab.append(bytesOf(`<${tag}`));
  const name = knownName(slab, 1)?.qualified;
  slab.takeOver(slab, slab.end);
  return name;
}

function isKnown(name: string): boolean {
  return found(`${name}>`) === name;
}

/** Reads elements of these names in one stanza. */
function read(names: readonly string[]): void {
  const text = `${HEADER}<a>${names.map((name) => `<${name}/>`).join("")}</a>`;
  const events = record([text], { limits: { elements: 100_000 } });
  expect(events.filter((event) => (event as string[])[0] === "error")).toEqual([]);
}

const numbered = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, n) => `${prefix}${n}`);

describe("the table of names", () => {
  test("keeps a name that comes again, and finds it by its bytes", () => {
    read(["fresh"]);
    expect(isKnown("fresh")).toBe(false);
    for (let times = 0; times < 2; times++) read(["fresh"]);
    for (const after of [">", "/>", " a='1'>", "='1'", "\n"]) {
      expect(found(`fresh${after}`)).toBe("fresh");
    }
    for (const other of ["fresh2>", "fres>", "fresh:a>", "freshé>", "frest>", ">"]) {
      expect(found(other)).not.toBe("fresh");
    }
  });

  test("tells names apart that begin with the same four bytes", () => {
    const names = ["items", "item", "items-page", "item.x"];
    for (let times = 0; times < 3; times++) read(names);
    for (let times = 0; times < 3; times++) expect(names.filter(isKnown)).toEqual(names);
  });

  test("keeps names that come in turn", () => {
    const names = numbered("turn", 100);
    // The memory of names that came once may be emptied on the way, once in 256 names.
    for (let times = 0; times < 3; times++) read(names);
    expect(names.filter((name) => !isKnown(name))).toEqual([]);
  });

  test("is not changed by names that come once", () => {
    for (let times = 0; times < 3; times++) read(["steady"]);
    read(numbered("once", 3 * MOST_NAMES));
    expect(isKnown("steady")).toBe(true);
  });

  test("is emptied when it is full, and the names in use come back", () => {
    for (let times = 0; times < 3; times++) read(["steady"]);
    for (const name of numbered("full", MOST_NAMES)) read([name, name]);
    expect(isKnown("full0")).toBe(false);
    for (let times = 0; times < 3; times++) read(["steady"]);
    expect(isKnown("steady")).toBe(true);
  });

  test("has one name for equal attributes, also after it was emptied", () => {
    const room = " ".repeat(400);
    const stanza = (attributes: string) => record([`${HEADER}<m ${attributes}/>${room}`]).at(-1);
    for (let times = 0; times < 4; times++) expect(stanza("b='1'")).toContain("element");
    for (const name of numbered("e", MOST_NAMES)) read([name, name]);
    for (let times = 0; times < 4; times++) expect(stanza("b='2'")).toContain("element");
    expect(stanza("b='1' b='2'")).toContain("not-well-formed");
  });

  test.each(["x".repeat(LONGEST_NAME + 1), "käse", "ķ", "Ä·"])("does not keep %j", (name) => {
    for (let times = 0; times < 4; times++) read([name, "ķ", "Ä·"]);
    expect(found(`${name}>`)).toBeUndefined();
  });
});

test("a name of the greatest length is kept", () => {
  const name = "y".repeat(LONGEST_NAME);
  for (let times = 0; times < 3; times++) read([name]);
  expect(isKnown(name)).toBe(true);
});

test.each(["", "1a", "a:b:c", ":a", "a:"])("%j is no name", (text) => {
  expect(learnName(text, true)).toBeUndefined();
});
