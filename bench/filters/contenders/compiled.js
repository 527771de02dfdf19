import { ours } from "../../harness/ours.js";
import { filterContender, oneByOne } from "../driver.js";
import { NAMESPACES } from "../sets.js";

const { parse } = await ours("xml.js");
const { compile } = await ours("xpath.js");

/** Our compiled expressions without the index. */
export const { prepare, check, pass } = filterContender({
  load: (text) => parse(text),
  compile: (expressions) =>
    oneByOne(
      expressions.map((expression) => {
        const filter = compile(expression, { namespaces: NAMESPACES });
        return (stanza) => filter.test(stanza);
      }),
    ),
});
