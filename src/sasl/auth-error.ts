import { BrokerError } from "../base/errors.ts";

/** The facts of an `AuthError` beside its mechanism. */
export interface AuthErrorFacts {
  /** The condition that the server gave (RFC 6120, 6.5; XEP-0078), e.g. `not-authorized`. */
  readonly condition?: string | undefined;
  /** The reason, in our words or the server's. It never contains a secret. */
  readonly detail?: string | undefined;
  readonly cause?: unknown;
  /** Default: true only if the server calls the failure temporary. */
  readonly retryable?: boolean | undefined;
}

/**
 * Authentication failed; code `AUTH_FAILED`. The server refused the credentials or did not prove that it
 * knows them, or the password function failed. Retryable only if the server calls the failure temporary,
 * or if it was the password function that failed.
 */
export class AuthError extends BrokerError {
  override readonly name = "AuthError";
  /** The mechanism in use, e.g. `SCRAM-SHA-256`, `handshake`, `jabber:iq:auth digest`. */
  readonly mechanism: string;
  /** The condition that the server gave; `undefined` where the client refused. */
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
