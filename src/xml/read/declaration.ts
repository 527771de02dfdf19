import { CLASS, SPACE } from "./bytes/characters.ts";
import type { Cursor } from "./cursor.ts";

const GT = 0x3e;
const QUESTION = 0x3f;

/** In bytes. */
const LONGEST_DECLARATION = 256;
const START = "<?xml ";
const DECLARATION =
  /^<\?xml +version *= *(['"])1\.([0-9]+)\1(?: +encoding *= *(['"])([A-Za-z][\w.-]*)\3)?(?: +standalone *= *(['"])(?:yes|no)\5)? *\?>$/;

/**
 * Reads an XML declaration (XML 1.0, 2.8). Any other processing instruction is refused. Returns whether
 * it was read to its end.
 *
 *     <?xml version='1.0' encoding='UTF-8'?>
 *     ^
 *
 * `document` is the offset in the stream where the document starts: a declaration is legal only there.
 */
export function readDeclaration(cursor: Cursor, document: number): boolean {
  const { slab, at: from } = cursor;
  const { bytes } = slab;
  if (cursor.base + from !== document) {
    cursor.fail("restricted-xml", "a processing instruction", from, from + 1);
  }
  for (let k = 2; k < START.length; k++) {
    const byte = bytes[from + k] ?? 0;
    if (from + k >= slab.end) return false;
    const wanted = START.charCodeAt(k);
    if (byte === QUESTION) cursor.malformed("a bad XML declaration", from, from + k);
    if (byte !== wanted && (wanted !== 0x20 || CLASS[byte] !== SPACE)) {
      cursor.fail("restricted-xml", "a processing instruction", from, from + k);
    }
  }
  let i = from + START.length;
  for (; bytes[i] !== GT || bytes[i - 1] !== QUESTION; i++) {
    if (i >= slab.end) return false;
    if (i - from >= LONGEST_DECLARATION) {
      cursor.fail("policy-violation", "a long XML declaration", i);
    }
  }
  cursor.checkForeign(from, i);
  const parts = DECLARATION.exec(slab.utf8(from, i + 1).replace(/[\t\r\n]/g, " "));
  if (parts === null) return cursor.malformed("a bad XML declaration", from, i);
  if (parts[2] !== "0") {
    cursor.fail("restricted-xml", "a version of XML that is not 1.0", from, i);
  }
  if ((parts[4] ?? "utf-8").toLowerCase() !== "utf-8") {
    cursor.fail("unsupported-encoding", "an encoding that is not UTF-8", from, i);
  }
  cursor.at = i + 1;
  return true;
}
