import { utf8Bytes } from "../base/utf8.ts";
import { AuthError } from "./auth-error.ts";
import type { Credentials, Exchange, Mechanism } from "./mechanism.ts";

/** PLAIN (RFC 4616): the password itself, so only inside TLS and only if nothing stronger is there. */
export const plain: Mechanism = {
  name: "PLAIN",
  mutual: false,
  revealsSecret: true,
  onlyIfNamed: false,
  available: () => true,
  begin: (credentials) => new PlainExchange(credentials),
};

/**
 *     C: [authzid] NUL user NUL password
 *                                       ^ the server has the word; it sends no challenge
 */
class PlainExchange implements Exchange {
  readonly #credentials: Credentials;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  async start(): Promise<Uint8Array> {
    const { authzid, username } = this.#credentials;
    const parts = [authzid ?? "", username, await this.#credentials.password()];
    // The server prepares what it gets (RFC 4616, 2), so it goes as it was given.
    if (parts.some((part) => part.includes("\0"))) {
      throw new AuthError("PLAIN", { detail: "a NUL stands in the user name or password" });
    }
    return utf8Bytes(parts.join("\0"));
  }

  answer(): Promise<Uint8Array> {
    return Promise.reject(new AuthError("PLAIN", { detail: "the server sent a challenge" }));
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }
}
