import { isAtLeast, type Strength } from "../sasl/strength.ts";

/** How well a login is protected. */
export interface Protection {
  /** True if TLS protects the connection. */
  readonly tls: boolean;
  /** How well the secret is guarded. */
  readonly secret: Strength;
}

const NONE: Protection = Object.freeze({ tls: false, secret: "revealing" });

/**
 * The best protection that the logins of a broker have had. A later login must have no less, or end in
 * `DOWNGRADE`: somebody who can change what a server offers would get the secret by offering less. A
 * broker has one dialect and so one account; the memory ends with the broker.
 */
export class Memory {
  #best = NONE;
  /** The resource that the broker chose, where it was given none: it is bound again each time. */
  resource: string | undefined;

  /** The best so far. */
  get best(): Protection {
    return this.#best;
  }

  /** Remembers how a login is protected. Less than the best so far changes nothing. */
  raise({ tls = false, secret = "revealing" }: Partial<Protection>): void {
    const { best } = this;
    this.#best = Object.freeze({
      tls: best.tls || tls,
      secret: isAtLeast(secret, best.secret) ? secret : best.secret,
    });
  }
}
