import { BrokerError } from "../base/errors.ts";

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

  constructor(
    condition: XmlCondition,
    detail: string,
    offset: number,
    found: string,
    retryable = false,
  ) {
    super(CODES[condition], `${detail}, at byte ${offset}: found ${found}`, { retryable });
    this.condition = condition;
    this.detail = detail;
    this.offset = offset;
    this.found = found;
  }
}
