import { AuthError } from "../auth-error.ts";
import type { Exchange } from "../mechanism.ts";

/** The exchange of a mechanism that is one message of the client. */
export class OneMessage implements Exchange {
  readonly #mechanism: string;
  readonly #initial: Uint8Array | undefined;
  readonly #message: Uint8Array;
  #asked = false;

  /** `initial` is the initial response, if there is one. A server that asks for the message gets it once. */
  constructor(mechanism: string, initial: Uint8Array | undefined, message: Uint8Array) {
    this.#mechanism = mechanism;
    this.#initial = initial;
    this.#message = message;
  }

  start(): Promise<Uint8Array | undefined> {
    return Promise.resolve(this.#initial);
  }

  answer(): Promise<Uint8Array> {
    if (this.#asked) {
      return Promise.reject(new AuthError(this.#mechanism, { detail: "the server asked twice" }));
    }
    this.#asked = true;
    return Promise.resolve(this.#message);
  }

  finish(): Promise<void> {
    return Promise.resolve();
  }
}
