import { BrokerError } from "../base/errors.ts";

/** What a peer may make a parser hold. Exceeding any ends in `POLICY_VIOLATION`. */
export interface XmlLimits {
  /** Bytes of one stanza, or of the stream header. */
  readonly bytes: number;
  /** Elements within one another, the stanza being the first; at most 1,024. */
  readonly depth: number;
  /** Elements in one stanza, itself included. */
  readonly elements: number;
  /** Attributes of one element, namespace declarations not counted. */
  readonly attributes: number;
  /** Namespace declarations of one element. */
  readonly declarations: number;
  /** Bytes of one name, its prefix included. */
  readonly name: number;
  /** Bytes of one tag, from `<` to `>`. */
  readonly tag: number;
  /** Bytes of white space between two stanzas. */
  readonly space: number;
}

/** The deepest tree that is parsed or written, whatever the options say. */
export const DEEPEST = 1024;

/** The defaults once the peer has proved who it is. */
export const LIMITS: XmlLimits = Object.freeze({
  bytes: 1_048_576,
  depth: 128,
  elements: 16_384,
  attributes: 64,
  declarations: 64,
  name: 1024,
  tag: 65_536,
  space: 1_048_576,
});

/** The defaults for a peer that has not proved who it is. */
export const LIMITS_BEFORE_AUTHENTICATION: XmlLimits = Object.freeze({
  bytes: 65_536,
  depth: 16,
  elements: 256,
  attributes: 64,
  declarations: 64,
  name: 1024,
  tag: 16_384,
  space: 4096,
});

/** Limits with some of them changed. Ends in `BAD_OPTION` for what is no limit. */
export function settleLimits(base: XmlLimits, changes?: Partial<XmlLimits>): XmlLimits {
  if (changes === undefined) return base;
  // Either says all there is to say, and all who leave it at that share it: a gateway has thousands of parsers.
  if (changes === LIMITS || changes === LIMITS_BEFORE_AUTHENTICATION) return changes as XmlLimits;
  const settled: Record<string, number> = { ...base };
  for (const [name, value] of Object.entries(changes) as [string, number | undefined][]) {
    if (value === undefined) continue;
    if (!Object.hasOwn(base, name))
      throw new BrokerError("BAD_OPTION", `there is no XML limit \`${name}\``);
    const most = name === "depth" ? DEEPEST : Number.MAX_SAFE_INTEGER;
    if (!(Number.isSafeInteger(value) && value >= 1 && value <= most)) {
      throw new BrokerError(
        "BAD_OPTION",
        `the XML limit \`${name}\` must be a whole number from 1 to ${most}, got ${String(value)}`,
      );
    }
    settled[name] = value;
  }
  return Object.freeze(settled as unknown as XmlLimits);
}
