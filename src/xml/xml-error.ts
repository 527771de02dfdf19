import type { ErrorCode } from "../base/error-codes.ts";
import { BrokerError } from "../base/errors.ts";
import type { XmlLimits } from "./limits.ts";

/** A stream error condition for faulty XML (RFC 6120, 4.9.3). */
export type XmlCondition =
  | "not-well-formed"
  | "restricted-xml"
  | "bad-namespace-prefix"
  | "invalid-xml"
  | "unsupported-encoding"
  | "policy-violation";

/** The code of a condition: its name in capitals. */
function codeOf(condition: XmlCondition): ErrorCode {
  return condition.toUpperCase().replaceAll("-", "_") as ErrorCode;
}

/** A limit that was exceeded, and the stanza that exceeded it. */
export interface Exceeded {
  /** The name of the limit, as in `limits`. */
  readonly limit: keyof XmlLimits;
  /** Its value. */
  readonly most: number;
  /** The name of the stanza. Undefined before its start tag was read, and outside stanzas. */
  readonly stanza: string | undefined;
  /** The stanza's `from`, as it was sent. */
  readonly from: string | undefined;
}

/** The most characters of an address in a message. */
const LONGEST_FROM = 100;

/** Describes it: `limits.elements (65536) is exceeded by <iq> from …`. */
export function exceededText({ limit, most, stanza, from }: Exceeded): string {
  let text = `limits.${limit} (${most}) is exceeded`;
  if (stanza !== undefined) text += ` by <${stanza}>`;
  if (from === undefined) return text;
  // A terminal would obey control characters in a message.
  const shown = from.slice(0, LONGEST_FROM).replace(/\p{C}/gu, "?");
  return `${text} from ${shown}${from.length > LONGEST_FROM ? "…" : ""}`;
}

/**
 * The input is not XML as XMPP allows it, or exceeds a limit. It is fatal: nothing after it is read.
 * `condition` is the stream error for the answer (RFC 6120, 4.9.3), and `code` is the same.
 */
export class XmlError extends BrokerError {
  override readonly name: string = "XmlError";
  /** The stream error for the answer. */
  readonly condition: XmlCondition;
  /** The fault, in a few words. */
  readonly detail: string;
  /** The place of the fault: the number of bytes since the parser was made. */
  readonly offset: number;
  /** The byte or name at that place, or the end of the input. Never text of a stanza. */
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
    super(codeOf(condition), `${detail}, at byte ${offset}: found ${found}`, { retryable });
    this.condition = condition;
    this.detail = detail;
    this.offset = offset;
    this.found = found;
    this.exceeded = exceeded;
  }
}
