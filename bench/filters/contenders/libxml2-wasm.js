import { XmlDocument, XmlXPath } from "libxml2-wasm";
import { filterContender, oneByOne } from "../driver.js";
import { NAMESPACES } from "../sets.js";

/** XPath's boolean() of a result. */
const truth = (result) => (Array.isArray(result) ? result.length > 0 : Boolean(result));

let compiled = [];

export const { prepare, check, pass } = filterContender({
  load: (text) => XmlDocument.fromString(text),
  compile(expressions) {
    for (const old of compiled) old.dispose();
    compiled = expressions.map((expression) => XmlXPath.compile(expression, NAMESPACES));
    return oneByOne(compiled.map((filter) => (document) => truth(document.eval(filter))));
  },
});
