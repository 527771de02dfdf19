import { DOMParser } from "@xmldom/xmldom";
import xpath from "xpath";
import { filterContender, oneByOne } from "../driver.js";
import { NAMESPACES } from "../sets.js";

/** npm's xpath, parsed once, on @xmldom/xmldom. */
export const { prepare, check, pass } = filterContender({
  load: (text) => new DOMParser().parseFromString(text, "text/xml"),
  compile: (expressions) =>
    oneByOne(
      expressions.map((expression) => {
        const parsed = xpath.parse(expression);
        return (node) => parsed.evaluateBoolean({ node, namespaces: NAMESPACES });
      }),
    ),
});
