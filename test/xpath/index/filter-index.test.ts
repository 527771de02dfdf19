import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { xml } from "../../../src/xml/element.ts";
import { compile, type XPath } from "../../../src/xpath/compile.ts";
import { FilterIndex } from "../../../src/xpath/index/filter-index.ts";
import { Random, randomFilter, randomTree } from "../random.ts";

const NAMESPACES = { p: "urn:p", q: "urn:q" };

const chat = xml("message", { from: "romeo@example.net", type: "chat" }, xml("body", {}, "Hello"));

describe("the index", () => {
  test("finds what matches, with nodes, in the order it was added", () => {
    const index = new FilterIndex<string>();
    index.add(compile("/message[@from='romeo@example.net']"), "first");
    index.add(compile("not(/iq)"), "second");
    index.add(compile("/message[@from='juliet@example.net']"), "other");
    index.add(compile("//body/text()"), "third");
    index.add(compile("count(//body)"), "fourth");
    expect(index.match(chat).map(({ value, result }) => [value, result])).toEqual([
      ["first", [chat]],
      ["second", true],
      ["third", [expect.objectContaining({ kind: "text", value: "Hello" })]],
      ["fourth", 1],
    ]);
    expect(index.size).toBe(5);
  });

  test("keeps each addition of one expression apart, and its list of nodes", () => {
    const index = new FilterIndex<number>();
    const body = compile("//body");
    const undo = index.add(body, 1);
    index.add(compile("/message"), 2);
    index.add(body, 3);
    const matches = index.match(chat);
    expect(matches.map(({ value }) => value)).toEqual([1, 2, 3]);
    matches[0]?.nodes.pop();
    expect(matches[2]?.nodes).toHaveLength(1);
    undo();
    undo();
    expect(index.match(chat).map(({ value }) => value)).toEqual([2, 3]);
    expect(index.size).toBe(2);
  });

  test("says of a match whether its entry has been removed since; what is added later waits", () => {
    const index = new FilterIndex<number>();
    const undoes = [1, 2, 3].map((value) => index.add(compile("/message/body"), value));
    const seen: number[] = [];
    for (const match of index.match(chat)) {
      if (match.removed) continue;
      seen.push(match.value);
      undoes[1]?.();
      index.add(compile("/message/body"), 4);
    }
    expect(seen).toEqual([1, 3]);
    expect(index.match(chat).map(({ value }) => value)).toEqual([1, 3, 4, 4]);
  });

  test("reports an evaluation that fails and goes on with the others", () => {
    const index = new FilterIndex<string>();
    const boom = (): never => {
      throw new RangeError("boom");
    };
    index.add(compile("boom()", { functions: { boom } }), "fails");
    index.add(compile("//*[//*[//*]]", { steps: 3 }), "takes too long");
    index.add(compile("/message"), "goes on");
    const failures: unknown[] = [];
    const matches = index.match(chat, (error, value) => failures.push([String(error), value]));
    expect(matches.map(({ value }) => value)).toEqual(["goes on"]);
    expect(failures).toEqual([
      ["RangeError: boom", "fails"],
      [expect.stringContaining("more than 3 steps"), "takes too long"],
    ]);
    expect(() => index.match(chat)).toThrow("boom");
  });

  test("stays right and leaves nothing behind while 10,000 filters come and go between stanzas", () => {
    const index = new FilterIndex<number>();
    const here = index.add(compile("/message/body[.='Hello']"), -1);
    const undoes: (() => void)[] = [];
    const templates = [
      (i: number) => `/message[@from='user${i}@example.net']`,
      (i: number) => `/message[starts-with(@from,'user${i}')]`,
      (i: number) => `contains(/message/body,'word${i}')`,
      (i: number) => `//*[namespace-uri()='urn:${i}']`,
      (i: number) => `not(/iq[@id='${i}'])`,
    ];
    for (let i = 0; i < 10_000; i++) {
      const template = templates[i % templates.length];
      if (template !== undefined) undoes.push(index.add(compile(template(i)), i));
      if (undoes.length > 20) undoes.splice(i % 20, 1)[0]?.();
      if (i % 10 === 0)
        expect(index.match(chat).filter(({ value }) => value % 5 !== 4)).toHaveLength(1);
    }
    for (const undo of [...undoes, here]) undo();
    expect(index.size).toBe(0);
    expect(index.match(chat)).toEqual([]);
  });

  test("takes any object that evaluates as an expression does", () => {
    const index = new FilterIndex<number>();
    const original = compile("/message");
    const foreign: XPath = {
      expression: original.expression,
      evaluate: (element) => original.evaluate(element),
      select: (element) => original.select(element),
      test: (element) => original.test(element),
      first: (element) => original.first(element),
    };
    index.add(foreign, 1);
    expect(index.match(chat)).toHaveLength(1);
  });

  test("sees into a tree that is too deep to be looked up", () => {
    const index = new FilterIndex<number>();
    let deep = xml("deepest", { k: "v" });
    for (let depth = 0; depth < 5000; depth++) deep = xml("e", {}, deep);
    index.add(compile("//deepest[@k='v']"), 1);
    expect(index.match(deep)).toHaveLength(1);
  });
});

describe("the index and plain evaluation", () => {
  test("are found by their keys, few as many", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const few = new FilterIndex<number>();
        const many = new FilterIndex<number>();
        // Enough that tables are made, and of a value that is not looked for.
        for (let value = 100; value < 110; value++) {
          many.add(compile(`/message[@from='nobody${value}']`), value);
        }
        for (let value = 0; value < 3; value++) {
          const xpath = compile(randomFilter(random), { namespaces: NAMESPACES });
          few.add(xpath, value);
          many.add(xpath, value);
        }
        for (let round = 0; round < 10; round++) {
          const { element, text } = randomTree(random);
          const found = few.match(element).map(({ value }) => value);
          expect(found, text).toEqual(many.match(element).map(({ value }) => value));
        }
      }),
      { numRuns: 200 },
    );
  });

  test("that are few are not evaluated where their key does not hold", () => {
    const index = new FilterIndex<string>();
    const asked = new Set<unknown>();
    const functions = { seen: (text: unknown) => asked.add(text).size > 0 };
    index.add(compile("/message[seen('a')][@from='a']", { functions }), "a");
    index.add(compile("/message[seen('b')][body='b']", { functions }), "b");
    const stanza = xml("message", { from: "a" }, xml("body", {}, "c"));
    expect(index.match(stanza).map(({ value }) => value)).toEqual(["a"]);
    expect([...asked]).toEqual(["a"]);
  });

  test("find the same, in the same order, while filters come and go", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const random = new Random(seed);
        const index = new FilterIndex<number>();
        const plain = new Map<number, { xpath: XPath; undo: () => void }>();
        for (let round = 0; round < 60; round++) {
          if (random.chance(75)) {
            const expression = randomFilter(random);
            const xpath = compile(expression, { namespaces: NAMESPACES });
            plain.set(round, { xpath, undo: index.add(xpath, round) });
          }
          if (random.chance(20)) {
            const [first] = [...plain].slice(random.below(plain.size + 1));
            first?.[1].undo();
            if (first !== undefined) plain.delete(first[0]);
          }
          if (round % 4 !== 3) continue;
          const { element, text } = randomTree(random);
          const expected = [...plain].filter(([, { xpath }]) => xpath.test(element));
          const matches = index.match(element);
          const found = matches.map(({ value, xpath }) => `${value} ${xpath.expression}`);
          expect(found, text).toEqual(
            expected.map(([value, { xpath }]) => `${value} ${xpath.expression}`),
          );
          expect(matches.map(({ result }) => result)).toEqual(
            expected.map(([, { xpath }]) => xpath.evaluate(element)),
          );
        }
        for (const { undo } of plain.values()) undo();
        expect(index.size).toBe(0);
      }),
      { numRuns: 60 },
    );
  });
});

describe("an explanation", () => {
  test.each([
    ["/message[@from='a@b']/body", "found by /message[@from = 'a@b']"],
    [
      "/message[@type='chat' and starts-with(@from,'news@')]",
      "found by /message[starts-with(@from, 'news@')]",
    ],
    ["//*[namespace-uri()='urn:x']", "found by //{urn:x}*"],
    ["//*[namespace-uri()='urn:x' and local-name()='y']", "found by //{urn:x}y"],
    ["/iq[@type='result' and @id='7']", "found by /iq[@id = '7']"],
    ["//p:x/p:item[@jid='a@b']", "found by //{urn:p}x/{urn:p}item[@jid = 'a@b']"],
    ["contains(body, 'news')", "found by /*/body[contains(., 'news')]"],
    ["/message[@from='a' or @from='b']", "found by /message[@from = 'a'] or /message[@from = 'b']"],
    ["/message[p:x] | /presence[p:y]", "found by /message/{urn:p}x or /presence/{urn:p}y"],
    ["/*[self::message or self::iq]", "found by /message or /iq"],
    ["//@p:k", "found by //*[@{urn:p}k]"],
    ["/message[@xml:lang='en']", "found by /message[@xml:lang = 'en']"],
    ["(/message | /presence)/event", "found by /message or /presence"],
    ["(/iq/query | //x)[@k='v']/y", "found by /iq/query or //x"],
    ["(/iq/@id)[1]/..", "found by /iq[@id]"],
    ["(//event)[1]/items", "found by //event/items"],
    ["body/text()", "found by /*/body"],
    ["/message", "found by /message"],
    ["/message[@from='a' or not(@to)]", "found by /message"],
    ["not(/message)", "tried on every stanza"],
    ["count(//x) = 2", "tried on every stanza"],
    ["/*", "tried on every stanza"],
    ["contains(body, '')", "tried on every stanza"],
    ["string(@type = 'x')", "tried on every stanza"],
    ["/message[@from='a'] or true()", "tried on every stanza"],
  ])("%s is %s", (expression, explanation) => {
    expect(FilterIndex.explain(expression, { namespaces: NAMESPACES })).toBe(explanation);
  });
});

test("only what was compiled can be added", () => {
  const index = new FilterIndex<number>();
  for (const given of ["/message", {}, null]) {
    expect(() => index.add(given as unknown as XPath, 1)).toThrow(
      expect.objectContaining({ code: "BAD_OPTION" }) as Error,
    );
  }
  expect(index.size).toBe(0);
});
