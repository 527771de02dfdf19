/** The package entry `xmpp-broker/xml`: elements, the streaming parser and the serializer. */
export {
  type AttributeNode,
  type AttributesInit,
  type Child,
  type DocumentNode,
  Element,
  isElement,
  type TextNode,
  type XPathNode,
} from "./xml/element.ts";
export type { XmlLimits } from "./xml/limits.ts";
export { LIMITS, LIMITS_BEFORE_AUTHENTICATION } from "./xml/limits.ts";
export { NS } from "./xml/namespaces.ts";
export type { ParseOptions } from "./xml/parse.ts";
export { parse } from "./xml/parse.ts";
export type { SerializeContext, SerializeOptions } from "./xml/serialize.ts";
export { openTag, serialize } from "./xml/serialize.ts";
export type {
  ParserContext,
  StreamParserEvents,
  StreamParserOptions,
} from "./xml/stream-parser.ts";
export { StreamParser } from "./xml/stream-parser.ts";
export type { Hole, Xml } from "./xml/template.ts";
export { xml } from "./xml/template.ts";
export type { XmlCondition } from "./xml/xml-error.ts";
export { XmlError } from "./xml/xml-error.ts";
