import { knownOptions } from "../base/check.ts";
import { defaultsOf, type Option, type Settled, whole } from "../base/option.ts";

/** The deepest tree that is parsed or written, in elements. Readers and writers call themselves once per level. */
export const DEEPEST = 1024;

/** One row of the table of limits. `early` is the value for a peer that has not proved who it is. */
export interface Limit extends Option<number> {
  readonly early: number;
}

function limit(fallback: number, early: number, most?: number): Limit {
  return { ...whole(fallback, 1, most), early };
}

/** The limits on what a parser takes from a peer. */
export const XML_LIMITS = {
  /** Bytes of one stanza, or of the stream header. Default 1,048,576. */
  bytes: limit(1_048_576, 65_536),
  /** Elements within one another, the stanza being the first; at most 1,024. Default 128. */
  depth: limit(128, 16, DEEPEST),
  /** Elements in one stanza, itself included. Default 16,384. */
  elements: limit(16_384, 256),
  /** Attributes of one element, namespace declarations not counted. Default 64. */
  attributes: limit(64, 64),
  /** Namespace declarations of one element. Default 64. */
  declarations: limit(64, 64),
  /** Bytes of one name, its prefix included. Default 1,024. */
  name: limit(1024, 1024),
  /** Bytes of one tag, from `<` to `>`. Default 65,536. */
  tag: limit(65_536, 16_384),
  /** Bytes of white space between two stanzas. Default 1,048,576. */
  space: limit(1_048_576, 4096),
};

/** What a peer may make a parser hold. Exceeding any ends in `POLICY_VIOLATION`. */
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
