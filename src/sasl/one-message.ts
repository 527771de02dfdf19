import { AuthError } from "./auth-error.ts";
import type { Exchange } from "./mechanism.ts";

/** The exchange of a mechanism in which one message of ours says it all, and the server nothing. */
export class OneMessage implements Exchange {
  readonly #mechanism: string;
  readonly #initial: Uint8Array | undefined;
  readonly #message: Uint8Array;
  #asked = false;

  /** The initial response may be left out; a server that asks for the message gets it, once. */
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
