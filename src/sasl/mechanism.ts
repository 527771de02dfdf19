import type { Crypto } from "../base/crypto/crypto.ts";

/** The account that logs in, and where it does. */
export interface Credentials {
  /** The login name. */
  readonly username: string;
  /** Asks for the password. A mechanism calls this once for each exchange, when it needs the password. */
  password(): Promise<string>;
  /** The identity to act as, where it is not the one that logs in. */
  readonly authzid: string | undefined;
  /** The domain of the server. SCRAM does not need it; the realm of DIGEST-MD5 defaults to it. */
  readonly domain: string;
  /** The `digest-uri` of DIGEST-MD5, e.g. `xmpp/example.org`. */
  readonly digestUri: string;
  /** Aborted when the login is over. Only a mechanism that waits reads it: reading makes it. */
  readonly signal: AbortSignal;
}

/** One run of a mechanism. */
export interface Exchange {
  /** Makes the initial response; `undefined` where the server speaks first. */
  start(): Promise<Uint8Array | undefined>;
  /** Answers a challenge. Rejects with an `AuthError`. */
  answer(challenge: Uint8Array): Promise<Uint8Array>;
  /**
   * Checks the success that the server reports, and the data with it. Rejects with an `AuthError`
   * unless the server has proved all that the mechanism lets it prove: a success alone is no proof.
   */
  finish(data: Uint8Array | undefined): Promise<void>;
}

/** One SASL mechanism (RFC 4422). A new one is a file here and a line in `mechanisms.ts`. */
export interface Mechanism {
  /** Its registered name. */
  readonly name: string;
  /** True if the server, too, proves that it knows the password. */
  readonly mutual: boolean;
  /**
   * True if the server is shown a secret that can be used again, such as a password or a bearer token.
   * Such a mechanism is used only inside TLS, and neither errors nor the trace repeat the words of a
   * server that has seen the secret. Default `true`: a mechanism that keeps its secret must say so.
   */
  readonly revealsSecret?: boolean | undefined;
  /** True if it is used only where the caller or the dialect names it. */
  readonly onlyIfNamed: boolean;
  /** Tells whether this runtime can do it. */
  available(crypto: Crypto): boolean;
  /** Begins one exchange. */
  begin(credentials: Credentials, crypto: Crypto): Exchange;
}

/** Tells whether a mechanism shows the server its secret. The default is that it does. */
export function reveals({ revealsSecret = true }: Pick<Mechanism, "revealsSecret">): boolean {
  return revealsSecret;
}
