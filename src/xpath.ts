/** The package entry `xmpp-broker/xpath`: XPath 1.0 over stanzas, and an index of many expressions. */
export { compile, type XPath, type XPathOptions } from "./xpath/compile.ts";
export type { Match } from "./xpath/filter-table.ts";
export { filters } from "./xpath/filters.ts";
export { type FindOptions, find } from "./xpath/find.ts";
export { FilterIndex } from "./xpath/index/filter-index.ts";
export {
  toBoolean,
  toNumber,
  toText,
  type XPathFunction,
  type XPathInput,
  type XPathValue,
} from "./xpath/value.ts";
export { XPathError } from "./xpath/xpath-error.ts";
