import { BrokerError } from "../base/errors.ts";

/** What an `AuthError` says beside its mechanism. */
export interface AuthErrorFacts {
  /** The condition the server gave (RFC 6120, 6.5; XEP-0078), e.g. `not-authorized`. */
  readonly condition?: string | undefined;
  /** Why, in words of ours or of the server; never with anything secret in it. */
  readonly detail?: string | undefined;
  readonly cause?: unknown;
  /** Default: where the server calls the failure temporary. */
  readonly retryable?: boolean | undefined;
}

/**
 * The server refused the credentials, or could not prove that it knows them, or the credentials
 * could not be had. Code `AUTH_FAILED`. Retryable only where the server calls the failure temporary, or where
 * it was the caller's password function that failed.
 */
export class AuthError extends BrokerError {
  override readonly name = "AuthError";
  /** The mechanism in use, e.g. `SCRAM-SHA-256`, `handshake`, `jabber:iq:auth digest`. */
  readonly mechanism: string;
  /** The condition the server gave; `undefined` where it was this side that refused. */
  readonly condition: string | undefined;

  constructor(mechanism: string, facts: AuthErrorFacts = {}) {
    const parts = [mechanism, facts.condition, facts.detail].filter((part) => part !== undefined);
    super("AUTH_FAILED", parts.join(", "), {
      retryable: facts.retryable ?? facts.condition === "temporary-auth-failure",
      cause: facts.cause,
    });
    this.mechanism = mechanism;
    this.condition = facts.condition;
  }
}
