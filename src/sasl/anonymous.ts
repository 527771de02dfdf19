import { AuthError } from "./auth-error.ts";
import type { Exchange, Mechanism } from "./mechanism.ts";

/** ANONYMOUS (RFC 4505, XEP-0175): the server makes up who we are. No trace is left with it. */
export const anonymous: Mechanism = {
  name: "ANONYMOUS",
  mutual: false,
  revealsPassword: false,
  onlyIfNamed: true,
  available: () => true,
  begin: () => new AnonymousExchange(),
};

class AnonymousExchange implements Exchange {
  #asked = false;

  start(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  /** A server may ask for the trace it did not get with `<auth/>`; it gets an empty one, once. */
  answer(): Promise<Uint8Array> {
    if (this.#asked) {
      return Promise.reject(new AuthError("ANONYMOUS", { detail: "the server asked twice" }));
    }
    this.#asked = true;
    return Promise.resolve(new Uint8Array());
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }
}
