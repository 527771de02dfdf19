import type { Crypto } from "../base/crypto.ts";

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
  /** Whether the server, too, proves that it knows the password. */
  readonly mutual: boolean;
  /**
   * Whether a secret that can be used again, such as the password or a bearer token, crosses the wire.
   * If so, the mechanism is used only inside TLS, and neither errors nor the trace repeat the words of
   * a server that has seen the secret. Default `true`: a mechanism must say that it keeps its secret.
   */
  readonly revealsSecret?: boolean | undefined;
  /** Whether it is used only where the caller or the dialect names it. */
  readonly onlyIfNamed: boolean;
  /** Whether this runtime can do it. */
  available(crypto: Crypto): boolean;
  /** Begins one exchange. */
  begin(credentials: Credentials, crypto: Crypto): Exchange;
}

/** Whether a mechanism shows the server its secret. A mechanism that does not say so is taken to. */
export function reveals({ revealsSecret = true }: Pick<Mechanism, "revealsSecret">): boolean {
  return revealsSecret;
}
