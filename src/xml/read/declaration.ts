import { CLASS, SPACE } from "./bytes/characters.ts";
import type { Cursor } from "./cursor.ts";

const GT = 0x3e;
const QUESTION = 0x3f;

/** In bytes. */
const LONGEST_DECLARATION = 256;
const START = "<?xml";
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
  if (!cursor.begins(START, "a processing instruction")) return false;
  let i = from + START.length;
  const after = bytes[i] ?? 0;
  if (after !== QUESTION && CLASS[after] !== SPACE && i < slab.end) {
    cursor.fail("restricted-xml", "a processing instruction", from, i);
  }
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
