import fc from "fast-check";
import { ParseOption, XmlCData, XmlDocument, XmlElement, XmlText } from "libxml2-wasm";
import { SaxesParser } from "saxes";
import { describe, expect, test } from "vitest";
import type { Element } from "../../../src/xml/element.ts";
import { parse } from "../../../src/xml/read/parse.ts";
import { XmlError } from "../../../src/xml/xml-error.ts";

/** An element as nested lists: name, namespace, attributes sorted, children. */
type Tree = [string, string, [string, string][], ...(Tree | string)[]];

function ours(element: Element): Tree {
  const attrs = Object.entries(element.attrs).map<[string, string]>(([key, value]) => [
    key.replace(/^xml:/, "{http://www.w3.org/XML/1998/namespace}"),
    value ?? "",
  ]);
  const children = element.children.map((child) =>
    typeof child === "string" ? child : ours(child),
  );
  return [element.name, element.ns ?? "", attrs.sort(byKey), ...children];
}

const byKey = ([a]: [string, string], [b]: [string, string]) => (a < b ? -1 : 1);

function libxml2(text: string): Tree | undefined {
  let document: XmlDocument;
  try {
    document = XmlDocument.fromString(text, { option: ParseOption.XML_PARSE_DEFAULT });
  } catch {
    return undefined;
  }
  try {
    return theirs(document.root);
  } finally {
    document.dispose();
  }
}

function theirs(element: XmlElement): Tree {
  const attrs = element.attrs.map<[string, string]>(({ name, namespaceUri, value }) => [
    namespaceUri === "" ? name : `{${namespaceUri}}${name}`,
    value,
  ]);
  const children: (Tree | string)[] = [];
  for (let node = element.firstChild; node !== null; node = node.next) {
    if (node instanceof XmlElement) children.push(theirs(node));
    else if (node instanceof XmlText || node instanceof XmlCData) push(children, node.content);
  }
  return [element.name, element.namespaceUri, attrs.sort(byKey), ...children];
}

function push(children: (Tree | string)[], text: string): void {
  if (text === "") return;
  const last = children.at(-1);
  if (typeof last === "string") children[children.length - 1] = last + text;
  else children.push(text);
}

function saxes(text: string): Tree | undefined {
  const parser = new SaxesParser({ xmlns: true });
  const stack: Tree[] = [];
  let root: Tree | undefined;
  const errors: Error[] = [];
  parser.on("error", (error) => errors.push(error));
  parser.on("opentag", (tag) => {
    const attrs = Object.values(tag.attributes)
      .filter(({ prefix, name }) => prefix !== "xmlns" && name !== "xmlns")
      .map<[string, string]>(({ local, uri, value }) => [
        uri === "" ? local : `{${uri}}${local}`,
        value,
      ]);
    const tree: Tree = [tag.local, tag.uri, attrs.sort(byKey)];
    stack.at(-1)?.push(tree);
    stack.push(tree);
    root ??= tree;
  });
  parser.on("closetag", () => stack.pop());
  const onText = (text: string) => {
    const top = stack.at(-1);
    if (top !== undefined) push(top as unknown as string[], text);
  };
  parser.on("text", onText);
  parser.on("cdata", onText);
  parser.write(text).close();
  return errors.length > 0 ? undefined : root;
}

/** XMPP forbids these and XML does not, so such documents are not compared. */
const FORBIDDEN = /<!--|<\?|<!D/;

/** The number of documents that were compared, accepted and refused ones. */
const agreed = { good: 0, bad: 0 };

function compare(text: string): string | undefined {
  if (FORBIDDEN.test(text)) return undefined;
  let tree: Tree | undefined;
  let fault = "";
  try {
    tree = ours(parse(text, { ns: "" }));
    agreed.good++;
  } catch (error) {
    if (!(error instanceof XmlError)) throw error;
    fault = error.message;
    agreed.bad++;
  }
  for (const [name, other] of [
    ["libxml2", libxml2(text)],
    ["saxes", saxes(text)],
  ] as const) {
    if (JSON.stringify(other) === JSON.stringify(tree)) continue;
    return `${name}: ${JSON.stringify(text)}\nours ${JSON.stringify(tree)} ${fault}\ntheirs ${JSON.stringify(other)}`;
  }
  return undefined;
}

const scrap = fc.constantFrom(
  ..."< > / = ' \" & ; : ] a b 1 x".split(" "),
  " ",
  "\n",
  "\r\n",
  "\t",
  ..."<a> </a> <a/> <b> </b> <p:a> </p:a> <p:a/> b='1' c=\"2\" p:b='1' q:b='2' xml:lang='de'".split(
    " ",
  ),
  ..."&lt; &amp; &#65; &#x1F339; &#0; &#13; &b; <![CDATA[ ]]> ]] é 🌹 \ufffe \u0001 \u0085 ·".split(
    " ",
  ),
  " xmlns='u'",
  " xmlns=''",
  " xmlns:p='u'",
  " xmlns:q='u'",
  " xmlns:p=''",
  " xmlns:xml='http://www.w3.org/XML/1998/namespace'",
  " xmlns:xmlns='u'",
  " xmlns='http://www.w3.org/2000/xmlns/'",
);

/** Documents, mostly good ones. */
const names = fc.constantFrom("a", "b", "p:a", "é");
const attributes = fc.array(
  fc.constantFrom(
    " b='1'",
    ' c="2"',
    " p:b='&lt;\t'",
    " q:b='\n'",
    " xml:lang='de'",
    " xmlns='u'",
    " xmlns:q='u'",
  ),
  { maxLength: 3 },
);
const content = fc.constantFrom("x", "&amp;", "\r\n", "<![CDATA[<]]>", "é🌹", "]]", " ");
const { element } = fc.letrec<{ element: string }>((tie) => ({
  element: fc
    .tuple(
      names,
      attributes,
      fc.array(fc.oneof({ depthSize: "small" }, content, tie("element")), { maxLength: 4 }),
    )
    .map(([name, list, children]) => `<${name}${list.join("")}>${children.join("")}</${name}>`),
}));
const document = element.map((inner) => `<r xmlns:p='u'>${inner}</r>`);

describe("libxml2 and saxes see the same document", () => {
  test("in well-formed input, or nearly so", () => {
    fc.assert(
      fc.property(document, (text) => {
        expect(compare(text)).toBeUndefined();
      }),
      { numRuns: 1500 },
    );
  });

  test("in input that was changed somewhere", () => {
    const place = fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(3), scrap);
    fc.assert(
      fc.property(document, fc.array(place, { minLength: 1, maxLength: 3 }), (text, changes) => {
        let changed = text;
        for (const [where, out, put] of changes) {
          const at = Math.floor(where * changed.length);
          changed = changed.slice(0, at) + put + changed.slice(at + out);
        }
        // libxml2 does not take half a surrogate pair.
        if (/[\ud800-\udfff]/u.test(changed)) return;
        expect(compare(changed)).toBeUndefined();
      }),
      { numRuns: 4000 },
    );
  });

  test("in random input", () => {
    fc.assert(
      fc.property(fc.array(scrap, { maxLength: 12 }), (scraps) => {
        expect(compare(`<r xmlns:p='u'>${scraps.join("")}</r>`)).toBeUndefined();
        expect(compare(scraps.join(""))).toBeUndefined();
      }),
      { numRuns: 3000 },
    );
  });

  test("and enough of both kinds were compared", () => {
    expect(agreed.good).toBeGreaterThan(1000);
    expect(agreed.bad).toBeGreaterThan(1000);
  });
});
