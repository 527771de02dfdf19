/**
 * Up to which product of the lengths the engine's own search is used. It is the fastest for all that
 * occurs, but there are texts on which it takes time in the product: at this one, under a millisecond.
 */
const NATIVE = 2 ** 22;

/** Where `part` first occurs in `text`, or -1; in time linear in their lengths, whatever they are. */
export function indexOf(text: string, part: string): number {
  if (text.length * part.length <= NATIVE) return text.indexOf(part);
  return part.length > text.length ? -1 : linearIndexOf(text, part);
}

/**
 * The search of Knuth, Morris and Pratt: after a mismatch, what has matched says how far to go back.
 *
 *     text  aabaaab
 *     part  aabaaa    the fourth a after b would be wanted, but
 *                ^    `aa` has matched before it, with which the part begins: go on from there
 */
function linearIndexOf(text: string, part: string): number {
  const borders = bordersOf(part);
  let matched = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    while (matched > 0 && part.charCodeAt(matched) !== code) matched = borders[matched - 1] ?? 0;
    if (part.charCodeAt(matched) === code) matched++;
    if (matched === part.length) return index - matched + 1;
  }
  return -1;
}

/** For each beginning of a text, the length of the longest shorter beginning that it also ends with. */
function bordersOf(text: string): Int32Array {
  const borders = new Int32Array(text.length);
  let matched = 0;
  for (let index = 1; index < text.length; index++) {
    const code = text.charCodeAt(index);
    while (matched > 0 && text.charCodeAt(matched) !== code) matched = borders[matched - 1] ?? 0;
    if (text.charCodeAt(matched) === code) matched++;
    borders[index] = matched;
  }
  return borders;
}
