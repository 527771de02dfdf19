import { BrokerError } from "../base/errors.ts";

/** Bounds on the input of a parser. Exceeding any ends in `POLICY_VIOLATION`, and the error names the limit. */
export interface XmlLimits {
  /** The most bytes of one stanza, or of the stream header. */
  readonly bytes: number;
  /** The most elements within one another, the stanza being the first. */
  readonly depth: number;
  /** The most elements in one stanza, itself included. Each costs about 130 bytes of memory. */
  readonly elements: number;
  /** The most attributes of one element. Namespace declarations do not count. */
  readonly attributes: number;
  /** The most namespace declarations of one element. */
  readonly declarations: number;
  /** The most bytes of one name, its prefix included. */
  readonly name: number;
  /** The most bytes of one tag, from `<` to `>`. */
  readonly tag: number;
  /** The most bytes of white space between two stanzas. */
  readonly space: number;
}

/** The deepest tree that is parsed or written, in elements. Readers and writers call themselves once per level. */
export const DEEPEST = 1024;

/** In bytes; engines make no string longer than four times this. */
const LONGEST_STANZA = 128 * 1024 * 1024;
/** `<a/>` has four bytes. */
const MOST_ELEMENTS = LONGEST_STANZA / 4;

/** The largest value that each limit may have. */
export const LARGEST_LIMITS: XmlLimits = Object.freeze({
  bytes: LONGEST_STANZA,
  depth: DEEPEST,
  elements: MOST_ELEMENTS,
  attributes: MOST_ELEMENTS,
  declarations: MOST_ELEMENTS,
  name: LONGEST_STANZA,
  tag: LONGEST_STANZA,
  space: Number.MAX_SAFE_INTEGER,
});

/**
 * A stanza whose elements have so many bytes each, on average, meets `bytes` before `elements`. The
 * shortest that servers send in numbers are `<group>x</group>` and `<item jid='a@b.c'/>`.
 */
const BYTES_PER_ELEMENT = 16;

/** The defaults for a peer that is authenticated. */
export const LIMITS: XmlLimits = Object.freeze({
  bytes: 1_048_576,
  depth: 128,
  elements: 1_048_576 / BYTES_PER_ELEMENT,
  attributes: 64,
  declarations: 64,
  name: 1024,
  tag: 65_536,
  space: 1_048_576,
});

/** The defaults for a peer that is not authenticated yet. */
export const LIMITS_BEFORE_AUTHENTICATION: XmlLimits = Object.freeze({
  bytes: 65_536,
  depth: 16,
  elements: 65_536 / BYTES_PER_ELEMENT,
  attributes: 64,
  declarations: 64,
  name: 1024,
  tag: 16_384,
  space: 4096,
});

/** Limits with some of them changed. Ends in `BAD_OPTION` for an unknown limit or value. */
export function settleLimits(base: XmlLimits, changes?: Partial<XmlLimits>): XmlLimits {
  if (changes === undefined) return base;
  // Each of these is complete and frozen, so thousands of parsers can share it.
  if (changes === LIMITS || changes === LIMITS_BEFORE_AUTHENTICATION) return changes as XmlLimits;
  const settled: Record<string, number> = { ...base };
  for (const [name, value] of Object.entries(changes) as [keyof XmlLimits, number | undefined][]) {
    if (value === undefined) continue;
    if (!Object.hasOwn(base, name))
      throw new BrokerError("BAD_OPTION", `there is no XML limit \`${name}\``);
    const most = LARGEST_LIMITS[name];
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
