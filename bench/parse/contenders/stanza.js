import { createRequire } from "node:module";
import { StringDecoder } from "node:string_decoder";
import { parserContender } from "../driver.js";
import { prefixedPlain } from "../prefixed.js";

const require = createRequire(import.meta.url);
const { Parser, XMLElement } = require("stanza/jxt");

/** Its parser and its elements, as its StreamParser puts them together, without the step to JSON. */
export function openStanzaParser(onStanza) {
  const parser = new Parser();
  let root;
  let current;
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("startElement", (name, attributes) => {
    const element = new XMLElement(name, attributes);
    if (root === undefined) root = element;
    else if (current === undefined) current = element;
    else current = current.appendChild(element);
  });
  parser.on("text", (text) => {
    current?.children.push(text);
  });
  parser.on("endElement", () => {
    if (current?.parent !== undefined) current = current.parent;
    else if (current !== undefined) {
      current.parent = root;
      onStanza(current);
      current = undefined;
    }
  });
  const decoder = new StringDecoder("utf8");
  return (chunk) => parser.write(decoder.write(chunk));
}

export const { prepare, pass, check, verdicts, attack } = parserContender({
  start: openStanzaParser,
  plain: prefixedPlain({
    attributesOf: (element) => element.attributes,
    namespaceOf: (element, prefix) => element.findNamespaceForPrefix(prefix) ?? "",
  }),
});
