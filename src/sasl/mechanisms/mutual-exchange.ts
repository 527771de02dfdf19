import { AuthError } from "../auth-error.ts";
import type { Exchange } from "../mechanism.ts";

/** The messages of a mutual mechanism and their checks. Each may end in an `AuthError`. */
export interface Proof {
  /** The mechanism's name. */
  readonly mechanism: string;
  /** Makes the initial response; left out where the server speaks first. */
  first?(): Uint8Array;
  /** Proves that we know the password, in answer to the server's first challenge. */
  prove(challenge: string): Promise<Uint8Array>;
  /** Checks the proof that the server knows the password too. */
  verify(message: string): void;
}

/**
 *     C: the initial response, if there is one          "begun"
 *     S: challenge
 *     C: our proof                                      "proved"
 *     S: its proof                                      "verified"
 *
 * The server's proof comes in a challenge, which an empty response answers (ejabberd), or with
 * success (Prosody, jabberd2).
 */
type State = "new" | "begun" | "proved" | "verified";

/** The exchange of a mutual mechanism. It succeeds only if the server has proved that it knows the password. */
export class MutualExchange implements Exchange {
  readonly #proof: Proof;
  #state: State;

  constructor(proof: Proof) {
    this.#proof = proof;
    this.#state = proof.first === undefined ? "begun" : "new";
  }

  async start(): Promise<Uint8Array | undefined> {
    const first = this.#proof.first?.();
    this.#state = "begun";
    return Promise.resolve(first);
  }

  async answer(challenge: Uint8Array): Promise<Uint8Array> {
    switch (this.#state) {
      case "begun": {
        const response = await this.#proof.prove(this.#text(challenge));
        this.#state = "proved";
        return response;
      }
      case "proved":
        this.#verify(challenge);
        return new Uint8Array();
      case "new":
      case "verified":
        throw this.#failed("the server sent a challenge too many");
    }
  }

  async finish(data: Uint8Array | undefined): Promise<void> {
    if (data !== undefined && data.length > 0 && this.#state === "verified") {
      throw this.#failed("the server sent data after its proof");
    }
    if (this.#state === "proved" && data !== undefined) this.#verify(data);
    if (this.#state !== "verified") {
      throw this.#failed("the server did not prove that it knows the password");
    }
    return Promise.resolve();
  }

  #verify(message: Uint8Array): void {
    this.#proof.verify(this.#text(message));
    this.#state = "verified";
  }

  #text(message: Uint8Array): string {
    try {
      return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(message);
    } catch (cause) {
      throw this.#failed("the server's message is not UTF-8", cause);
    }
  }

  #failed(detail: string, cause?: unknown): AuthError {
    return new AuthError(this.#proof.mechanism, { detail, cause });
  }
}
