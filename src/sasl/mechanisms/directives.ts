/** The values of each directive of DIGEST-MD5, in order, by its name in lower case. */
export type Directives = ReadonlyMap<string, readonly string[]>;

/** `name = token` or `name = "quoted \" string"`; a comma or the end must follow. */
const DIRECTIVE =
  /[\t\n\r ]*([!#$%&'*+.^_`|~0-9A-Za-z-]+)[\t\n\r ]*=[\t\n\r ]*(?:"((?:[^"\\]|\\[\s\S])*)"|([!#$%&'*+.^_`|~0-9A-Za-z/:@?[\]{}()<>=-]+))[\t\n\r ]*(?:,|$)/y;

/** An empty element of the list, which RFC 2831, 7.1 allows. */
const NOTHING = /[\t\n\r ]*(?:,|$)/y;

/**
 * Reads a list of directives (RFC 2831, 7.1) from the left, one at a time. So quoted text is never
 * taken for a directive:
 *
 *     nonce="a,qop=\"x",qop="auth"
 *                      ^ here the second directive begins
 *
 * `undefined` if the text is anything else.
 */
export function readDirectives(text: string): Directives | undefined {
  const directives = new Map<string, string[]>();
  let index = 0;
  while (index < text.length) {
    NOTHING.lastIndex = index;
    if (NOTHING.test(text)) {
      index = NOTHING.lastIndex;
      continue;
    }
    DIRECTIVE.lastIndex = index;
    const match = DIRECTIVE.exec(text);
    if (match === null) return undefined;
    index = DIRECTIVE.lastIndex;
    const name = (match[1] ?? "").toLowerCase();
    const value = match[2]?.replace(/\\([\s\S])/g, "$1") ?? match[3] ?? "";
    const values = directives.get(name);
    if (values === undefined) directives.set(name, [value]);
    else values.push(value);
  }
  return directives;
}

/** Writes a text as a quoted string. */
export function quote(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
