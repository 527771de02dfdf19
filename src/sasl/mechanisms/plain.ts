import { utf8Bytes } from "../../base/text/utf8.ts";
import { AuthError } from "../auth-error.ts";
import type { Credentials, Exchange, Mechanism } from "../mechanism.ts";

/** PLAIN (RFC 4616): the password itself. It is used only inside TLS, and only if nothing stronger is offered. */
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
 *                                       ^ the server decides; it sends no challenge
 */
class PlainExchange implements Exchange {
  readonly #credentials: Credentials;

  constructor(credentials: Credentials) {
    this.#credentials = credentials;
  }

  async start(): Promise<Uint8Array> {
    const { authzid, username } = this.#credentials;
    const parts = [authzid ?? "", username, await this.#credentials.password()];
    // The server prepares these texts (RFC 4616, 2), so they go as they were given.
    if (parts.some((part) => part.includes("\0"))) {
      throw new AuthError("PLAIN", { detail: "the user name or the password contains NUL" });
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
