/** The first character of a name (NCName of Namespaces in XML), as a class of a pattern with the flag `u`. */
export const NAME_START =
  "A-Z_a-z\\xC0-\\xD6\\xD8-\\xF6\\xF8-\\u02FF\\u0370-\\u037D\\u037F-\\u1FFF\\u200C\\u200D\\u2070-\\u218F" +
  "\\u2C00-\\u2FEF\\u3001-\\uD7FF\\uF900-\\uFDCF\\uFDF0-\\uFFFD\\u{10000}-\\u{EFFFF}";
/** The other characters of a name. */
export const NAME_REST = NAME_START + "\\-.0-9\\xB7\\u0300-\\u036F\\u203F\\u2040";

const NC_NAME = new RegExp(`^[${NAME_START}][${NAME_REST}]*$`, "u");

/** True if a text is a name without a colon (NCName of Namespaces in XML). */
export function isNcName(text: string): boolean {
  return NC_NAME.test(text);
}

const ASCII_NAME = /^[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?$/;

/** True if a text is a name, with a prefix or without one (QName of Namespaces in XML). */
export function isQName(text: string): boolean {
  if (ASCII_NAME.test(text)) return true;
  const colon = text.indexOf(":");
  if (colon < 0) return isNcName(text);
  return isNcName(text.slice(0, colon)) && isNcName(text.slice(colon + 1));
}

/** Takes a qualified name apart. Undefined if it is not legal. */
export function partsOf(qualified: string): { prefix: string; local: string } | undefined {
  if (!isQName(qualified)) return undefined;
  const colon = qualified.indexOf(":");
  return { prefix: colon < 0 ? "" : qualified.slice(0, colon), local: qualified.slice(colon + 1) };
}
