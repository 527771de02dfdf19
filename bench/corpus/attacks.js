/**
 * Streams of a peer that wants to use up memory or time. Each would go on for ever; the bench cuts it
 * off after some bytes. A good parser refuses it long before.
 */
export const ATTACKS = {
  "depth: <a> without end": (size) => "<a>".repeat(size / 3),
  "one attribute never closed": (size) => "<message a='" + "x".repeat(size),
  "one name without end": (size) => "<" + "n".repeat(size),
  "text without end": (size) => "<message>" + "x".repeat(size),
  "attributes without end": (size) =>
    "<message " + Array.from({ length: size / 9 }, (_, i) => `a${i}='1'`).join(" "),
  "declarations without end": (size) =>
    "<message " + Array.from({ length: size / 16 }, (_, i) => `xmlns:p${i}='u'`).join(" "),
  "children without end": (size) => "<message>" + "<a/>".repeat(size / 4),
  "white space between stanzas": (size) => " ".repeat(size),
};
