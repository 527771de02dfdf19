import { StringDecoder } from "node:string_decoder";
import { Parser } from "@xmpp/xml";
import { parserContender } from "../driver.js";
import { prefixedPlain } from "../prefixed.js";

function up(element, key) {
  for (let at = element; at; at = at.parent) if (at.attrs[key] !== undefined) return at.attrs[key];
  return "";
}

function contender(decode) {
  return parserContender({
    start(onStanza) {
      const parser = new Parser();
      parser.on("element", onStanza);
      parser.on("error", (error) => {
        throw error;
      });
      const text = decode();
      return (chunk) => parser.write(text(chunk));
    },
    plain: prefixedPlain({
      attributesOf: (element) => element.attrs,
      namespaceOf: (element, prefix) => up(element, prefix === "" ? "xmlns" : `xmlns:${prefix}`),
    }),
  });
}

/** Decodes as its connections do: chunk by chunk. That breaks a character that the end of a chunk cuts. */
const asShipped = contender(() => (chunk) => chunk.toString("utf8"));
/** Decodes across chunks, for the comparison of trees alone. */
const whole = contender(() => {
  const decoder = new StringDecoder("utf8");
  return (chunk) => decoder.write(chunk);
});

export function prepare(task) {
  asShipped.prepare(task);
  whole.prepare(task);
}

export const { pass, verdicts, attack } = asShipped;
export const check = whole.check;
/** Its result for the same bytes on a real connection. */
export const checkAsShipped = asShipped.check;
