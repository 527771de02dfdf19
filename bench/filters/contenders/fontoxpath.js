import fontoxpath from "fontoxpath";
import { parseXmlDocument } from "slimdom";
import { filterContender, oneByOne } from "../driver.js";
import { NAMESPACES } from "../sets.js";

const { evaluateXPathToBoolean } = fontoxpath;
const OPTIONS = { namespaceResolver: (prefix) => NAMESPACES[prefix] ?? null };

/** fontoxpath on slimdom; it keeps what it compiled in a cache of its own. */
export const { prepare, check, pass } = filterContender({
  load: (text) => parseXmlDocument(text),
  compile: (expressions) =>
    oneByOne(
      expressions.map(
        (expression) => (document) =>
          evaluateXPathToBoolean(expression, document, null, null, OPTIONS),
      ),
    ),
});
