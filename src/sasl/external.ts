import { AuthError } from "./auth-error.ts";
import type { Exchange, Mechanism } from "./mechanism.ts";

/**
 * EXTERNAL (RFC 4422, appendix A; XEP-0178): the client certificate says who we are. Without an
 * `authzid` the response is empty, on the wire `=`; jabberd2 wants the address there instead.
 */
export const external: Mechanism = {
  name: "EXTERNAL",
  mutual: false,
  revealsPassword: false,
  onlyIfNamed: true,
  available: () => true,
  begin: (credentials) => new ExternalExchange(credentials.authzid),
};

class ExternalExchange implements Exchange {
  readonly #response: Uint8Array;
  #asked = false;

  constructor(authzid: string | undefined) {
    this.#response = new TextEncoder().encode(authzid ?? "");
  }

  start(): Promise<Uint8Array> {
    return Promise.resolve(this.#response);
  }

  /** A server that overlooks the initial response asks for it, once. */
  answer(): Promise<Uint8Array> {
    if (this.#asked) {
      return Promise.reject(new AuthError("EXTERNAL", { detail: "the server asked twice" }));
    }
    this.#asked = true;
    return Promise.resolve(this.#response);
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }
}
