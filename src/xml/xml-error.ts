import { BrokerError } from "../base/errors.ts";
import type { XmlLimits } from "./limits.ts";

/** The stream error conditions of RFC 6120, 4.9.3, that broken XML ends in, and the code of each. */
const CODES = {
  "not-well-formed": "NOT_WELL_FORMED",
  "restricted-xml": "RESTRICTED_XML",
  "bad-namespace-prefix": "BAD_NAMESPACE_PREFIX",
  "invalid-xml": "INVALID_XML",
  "unsupported-encoding": "UNSUPPORTED_ENCODING",
  "policy-violation": "POLICY_VIOLATION",
} as const;

/** A stream error condition that broken XML ends in. */
export type XmlCondition = keyof typeof CODES;

/** The limit that was exceeded, and by which stanza. */
export interface Exceeded {
  /** The name of the limit, as in `limits`. */
  readonly limit: keyof XmlLimits;
  /** Its value. */
  readonly most: number;
  /** The name of the stanza; undefined where its start tag was not read, or it was no stanza. */
  readonly stanza: string | undefined;
  /** The stanza's `from`, as it was sent. */
  readonly from: string | undefined;
}

/** An address in a message is cut behind so many characters. */
const LONGEST_FROM = 100;

/** Says which limit was exceeded by whom: `limits.elements (65536) is exceeded by <iq> from …`. */
export function exceededText({ limit, most, stanza, from }: Exceeded): string {
  let text = `limits.${limit} (${most}) is exceeded`;
  if (stanza !== undefined) text += ` by <${stanza}>`;
  if (from === undefined) return text;
  // Characters that a terminal obeys stay out of messages.
  const shown = from.slice(0, LONGEST_FROM).replace(/\p{C}/gu, "?");
  return `${text} from ${shown}${from.length > LONGEST_FROM ? "…" : ""}`;
}

/**
 * What arrived is not XML as XMPP allows it, or exceeds a limit. It is fatal: nothing after it is
 * read. `condition` is the stream error to answer with (RFC 6120, 4.9.3), `code` says the same.
 */
export class XmlError extends BrokerError {
  override readonly name: string = "XmlError";
  /** The stream error to answer with. */
  readonly condition: XmlCondition;
  /** What is wrong, in a few words. */
  readonly detail: string;
  /** Where it stood: bytes since the parser was made. */
  readonly offset: number;
  /** What stood there: a character, a name, or the end of input. Never text of a stanza. */
  readonly found: string;
  /** The limit that was exceeded; undefined for other faults. */
  readonly exceeded: Exceeded | undefined;

  constructor(
    condition: XmlCondition,
    detail: string,
    offset: number,
    found: string,
    retryable = false,
    exceeded?: Exceeded,
  ) {
    super(CODES[condition], `${detail}, at byte ${offset}: found ${found}`, { retryable });
    this.condition = condition;
    this.detail = detail;
    this.offset = offset;
    this.found = found;
    this.exceeded = exceeded;
  }
}
