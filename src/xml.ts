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
export type { ParseOptions } from "./xml/read/parse.ts";
export { parse } from "./xml/read/parse.ts";
export type { StreamParserEvents } from "./xml/read/push-parser.ts";
export { PushParser as StreamParser } from "./xml/read/push-parser.ts";
export type { ParserContext, StreamParserOptions } from "./xml/read/stream-parser.ts";
export type { Hole, Xml } from "./xml/template.ts";
export { xml } from "./xml/template.ts";
export type { SerializeContext, SerializeOptions } from "./xml/write/serialize.ts";
export { openTag, serialize } from "./xml/write/serialize.ts";
export type { Exceeded, XmlCondition } from "./xml/xml-error.ts";
export { XmlError } from "./xml/xml-error.ts";
