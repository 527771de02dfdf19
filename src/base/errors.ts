import { type ErrorCode, MEANINGS } from "./error-codes.ts";

/** The facts of an error beside its code. */
export interface ErrorFacts {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** True if the same call may succeed later without a change by the caller; `false` by default. */
  readonly retryable?: boolean | undefined;
}

/**
 * The class of every error that this library throws or rejects with on purpose. Branch on `code`, never on
 * `message`. Messages never hold passwords, tokens or stanza bodies.
 */
export class BrokerError extends Error {
  override readonly name: string = "BrokerError";
  /** The name of the error; stable across versions. */
  readonly code: ErrorCode;
  /** True if the same call may succeed later without a change by the caller. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, detail?: string, facts: ErrorFacts = {}) {
    const message = detail === undefined ? MEANINGS[code] : `${MEANINGS[code]}: ${detail}`;
    super(message, facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = code;
    this.retryable = facts.retryable ?? false;
  }
}

/** Recognizes these errors across copies of this package, where `instanceof` cannot. */
const BROKER_ERROR = Symbol.for("xmpp-broker.broker-error");
Object.defineProperty(BrokerError.prototype, BROKER_ERROR, { value: true });

/**
 * True if a thrown value is a `BrokerError`, also one of another copy of this package.
 *
 * @example
 * try {
 *   await broker.connect();
 * } catch (error) {
 *   if (isBrokerError(error) && error.retryable) console.error("Try again later:", error.code);
 *   else throw error;
 * }
 */
export function isBrokerError(thrown: unknown): thrown is BrokerError {
  return typeof thrown === "object" && thrown !== null && BROKER_ERROR in thrown;
}

/** The detail of a thrown value: its message, without the meaning of its code. */
export function detailOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  const meaning = isBrokerError(thrown) ? `${MEANINGS[thrown.code]}: ` : "";
  return message.startsWith(meaning) ? message.slice(meaning.length) : message;
}

/** Any thrown value as a `BrokerError`: itself if it is one, else wrapped under `code` as the cause. */
export function asBrokerError(
  thrown: unknown,
  code: ErrorCode,
  facts: Omit<ErrorFacts, "cause"> = {},
): BrokerError {
  if (isBrokerError(thrown)) return thrown;
  return new BrokerError(code, detailOf(thrown), { ...facts, cause: thrown });
}
