import { expect, test } from "vitest";
import { Element } from "../../../src/xml/element.ts";
import { NS } from "../../../src/xml/namespaces.ts";
import { serialize } from "../../../src/xml/write/serialize.ts";
import { declaringTagOf, tagOf } from "../../../src/xml/write/spelling.ts";

/** Calls a function until the spelling of its tags is kept. */
function again<T>(meet: () => T): T {
  for (let times = 0; times < 4; times++) meet();
  return meet();
}

test("a tag that comes again is kept, and so is each order of its attributes", () => {
  expect(tagOf("once")).not.toBe(tagOf("once"));
  const tag = again(() => tagOf("message"));
  expect(tagOf("message")).toBe(tag);
  const declaring = again(() => declaringTagOf("message", "urn:a"));
  expect(declaringTagOf("message", "urn:a")).toBe(declaring);
  const to = again(() => tag?.before("to"));
  expect(to?.text).toBe("<message to='");
  expect(to?.before("id")?.text).toBe("' id='");
  expect(to?.before("type")?.text).toBe("' type='");
  expect(to?.before("id")).toBe(again(() => to?.before("id")));
  expect(tag?.before("id")?.text).toBe("<message id='");
  expect(tag?.before("to")).toBe(to);
});

test.each(["xmlns", "p:a", "{urn:a}a", "", "1", "a b"])(
  "%j needs more than to be written",
  (key) => {
    expect(tagOf("message")?.before(key)).toBeUndefined();
    expect(tagOf("message")?.before("xml:lang")?.before(key)).toBeUndefined();
    expect(tagOf(key === "xmlns" ? "a:xmlns" : key)).toBeUndefined();
  },
);

test.each([NS.xml, NS.xmlns, "urn:'", "urn:&", "urn:\ud800", undefined])(
  "the namespace %j is not declared as it is",
  (uri) => {
    expect(declaringTagOf("a", uri)).toBeUndefined();
  },
);

test("a long name is not kept", () => {
  const long = "x".repeat(200);
  expect(tagOf(long)?.empty).toBe(`<${long}/>`);
  expect(tagOf(long)).not.toBe(tagOf(long));
  expect(declaringTagOf("a", long)).not.toBe(declaringTagOf("a", long));
  expect(tagOf("a")?.before(long)?.text).toBe(`<a ${long}='`);
  expect(tagOf("a")?.before(long)).not.toBe(tagOf("a")?.before(long));
});

test.each<[string, (n: number) => unknown]>([
  ["names", (n) => tagOf(`name${n}`)],
  ["attributes", (n) => tagOf("message")?.before(`name${n}`)],
  ["namespaces", (n) => declaringTagOf("a", `urn:${n}`)],
  [
    "orders",
    (n) =>
      tagOf("message")
        ?.before(`name${n % 100}`)
        ?.before(`name${n}`),
  ],
])("%s without end take no place from others for good, and no more than there is", (_, meet) => {
  const before = again(() => tagOf("message"));
  // A name that comes once takes no place.
  for (let n = 0; n < 10_000; n++) meet(-n);
  expect(tagOf("message")).toBe(before);
  for (let n = 0; n < 10_000; n++) again(() => meet(n));
  const after = again(() => tagOf("message"));
  expect(after).not.toBe(before);
  expect(tagOf("message")).toBe(after);
  const message = new Element("message", "urn:a", { to: "a", id: "1" });
  expect(serialize(message)).toBe("<message xmlns='urn:a' to='a' id='1'/>");
});
