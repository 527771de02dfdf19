import { StringDecoder } from "node:string_decoder";
import { SaxesParser } from "saxes";
import { parserContender } from "../driver.js";

class Node {
  constructor(name, ns, attributes) {
    this.name = name;
    this.ns = ns;
    this.attributes = attributes;
    this.children = [];
  }
}

const XMLNS = "http://www.w3.org/2000/xmlns/";

export const { prepare, prepareText, pass, check, verdicts, attack } = parserContender({
  /** A plain tree: the least that a user of saxes has to write. */
  start(onStanza) {
    const parser = new SaxesParser({ xmlns: true });
    const open = [];
    parser.on("error", (error) => {
      throw error;
    });
    parser.on("opentag", (tag) => {
      const node = new Node(tag.local, tag.uri, tag.attributes);
      if (open.length > 1) open[open.length - 1].children.push(node);
      open.push(node);
    });
    parser.on("text", (text) => {
      if (open.length > 1) open[open.length - 1].children.push(text);
    });
    parser.on("closetag", () => {
      const node = open.pop();
      if (open.length === 1) onStanza(node);
    });
    const decoder = new StringDecoder("utf8");
    return (chunk) => parser.write(decoder.write(chunk));
  },
  plain: function plain({ name, ns, attributes, children }) {
    return {
      name,
      ns,
      attributes: Object.values(attributes)
        .filter(({ uri }) => uri !== XMLNS)
        .map(({ uri, local, value }) => [uri === "" ? local : `{${uri}}${local}`, value]),
      children: children.map((child) => (typeof child === "string" ? child : plain(child))),
    };
  },
});
