import { knownOptions } from "../base/check.ts";
import { defaultsOf, type Option, type Settled, whole } from "../base/option.ts";

/** The deepest tree that is parsed or written, in elements. Readers and writers call themselves once per level. */
export const DEEPEST = 1024;

/** In bytes; engines make no string longer than four times this. */
const LONGEST_STANZA = 128 * 1024 * 1024;
/** `<a/>` has four bytes. */
const MOST_ELEMENTS = LONGEST_STANZA / 4;

/**
 * A stanza whose elements have so many bytes each, on average, meets `bytes` before `elements`. The
 * shortest that servers send in numbers are `<group>x</group>` and `<item jid='a@b.c'/>`.
 */
const BYTES_PER_ELEMENT = 16;

/** One row of the table of limits. `early` is the value for a peer that has not proved who it is. */
export interface Limit extends Option<number> {
  readonly early: number;
}

function limit(fallback: number, early: number, most: number): Limit {
  return { ...whole(fallback, 1, most), early };
}

/** The limits on the input of a parser, each with its default and the largest value it may have. */
export const XML_LIMITS = {
  /** The most bytes of one stanza, or of the stream header. Default 1,048,576. */
  bytes: limit(1_048_576, 65_536, LONGEST_STANZA),
  /** The most elements within one another, the stanza being the first; at most 1,024. Default 128. */
  depth: limit(128, 16, DEEPEST),
  /** The most elements in one stanza, itself included. Each costs about 130 bytes of memory. Default 65,536. */
  elements: limit(1_048_576 / BYTES_PER_ELEMENT, 65_536 / BYTES_PER_ELEMENT, MOST_ELEMENTS),
  /** The most attributes of one element. Namespace declarations do not count. Default 64. */
  attributes: limit(64, 64, MOST_ELEMENTS),
  /** The most namespace declarations of one element. Default 64. */
  declarations: limit(64, 64, MOST_ELEMENTS),
  /** The most bytes of one name, its prefix included. Default 1,024. */
  name: limit(1024, 1024, LONGEST_STANZA),
  /** The most bytes of one tag, from `<` to `>`. Default 65,536. */
  tag: limit(65_536, 16_384, LONGEST_STANZA),
  /** The most bytes of white space between two stanzas. Default 1,048,576. */
  space: limit(1_048_576, 4096, Number.MAX_SAFE_INTEGER),
};

/** Bounds on the input of a parser. Exceeding any ends in `POLICY_VIOLATION`, and the error names the limit. */
export interface XmlLimits extends Settled<typeof XML_LIMITS> {}

/** The limits of a peer that has proved who it is, where no others are given. */
export const LIMITS: XmlLimits = defaultsOf(XML_LIMITS);

/** The limits of a peer that has not proved who it is. */
export const LIMITS_BEFORE_AUTHENTICATION: XmlLimits = Object.freeze(
  Object.fromEntries(Object.entries(XML_LIMITS).map(([name, { early }]) => [name, early])),
) as unknown as XmlLimits;

/** Limits with some of them changed. Ends in `BAD_OPTION`. */
export function settleLimits(base: XmlLimits, changes?: Partial<XmlLimits>): XmlLimits {
  if (changes === undefined) return base;
  // Both say all there is to say, and all parsers may share them: a gateway has thousands.
  if (changes === LIMITS || changes === LIMITS_BEFORE_AUTHENTICATION) return changes as XmlLimits;
  knownOptions("limits", changes, Object.keys(XML_LIMITS));
  const settled: { -readonly [Name in keyof XmlLimits]: number } = { ...base };
  for (const name of Object.keys(changes) as (keyof XmlLimits)[]) {
    const value = changes[name];
    if (value !== undefined) settled[name] = XML_LIMITS[name].check(`limits.${name}`, value);
  }
  return Object.freeze(settled);
}
