import type { BrokerError } from "../../base/errors.ts";
import { LIMITS_BEFORE_AUTHENTICATION, type XmlLimits } from "../../xml/limits.ts";
import type { XmlError } from "../../xml/xml-error.ts";
import type { SizeLimit } from "./faults.ts";
import { StreamRefusal } from "./stream-refusal.ts";

/** The texts that servers give: ejabberd has one, Prosody has none. */
const TOO_BIG = {
  "policy-violation": "XML stanza is too big",
  "not-well-formed": undefined,
} as const satisfies Record<SizeLimit["condition"], string | undefined>;

/** The limits on what the other side of a connection sends: those of its phase, and the fault `limit`. */
export class SizeLimits {
  /** The limits of the phase. */
  phase: XmlLimits = LIMITS_BEFORE_AUTHENTICATION;
  /** The fault `limit`, where it is in force. */
  fault: SizeLimit | undefined;

  /** The limits in force: the fault counts where it is smaller. */
  get inForce(): XmlLimits {
    const bytes = this.fault?.bytes ?? this.phase.bytes;
    return bytes < this.phase.bytes ? { ...this.phase, bytes } : this.phase;
  }

  /** The stream error for XML that is refused; the fault has its own. */
  refusalOf(error: XmlError): BrokerError {
    if (error.code !== "POLICY_VIOLATION" || this.fault === undefined) return error;
    const { condition } = this.fault;
    return new StreamRefusal(condition, TOO_BIG[condition]);
  }
}
