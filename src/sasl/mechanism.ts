import type { Crypto } from "../base/crypto.ts";

/** Who logs in, and where. */
export interface Credentials {
  readonly username: string;
  /** Asked for once per exchange, when it is needed. */
  password(): Promise<string>;
  /** The identity to act as, if it is not the one that logs in. */
  readonly authzid: string | undefined;
  /** The domain of the server: SCRAM does not need it, DIGEST-MD5's realm defaults to it. */
  readonly domain: string;
  /** DIGEST-MD5's `digest-uri`, e.g. `xmpp/example.org`. */
  readonly digestUri: string;
}

/** One run of a mechanism. */
export interface Exchange {
  /** The initial response; `undefined` where the server speaks first. */
  start(): Promise<Uint8Array | undefined>;
  /** The answer to a challenge. Rejects with an `AuthError`. */
  answer(challenge: Uint8Array): Promise<Uint8Array>;
  /**
   * The server says success, perhaps with data. Rejects with an `AuthError` unless the server has
   * proved what the mechanism lets it prove: a success alone is no proof.
   */
  finish(data: Uint8Array | undefined): Promise<void>;
}

/** One SASL mechanism (RFC 4422). A new one is a file here and a line in `mechanisms.ts`. */
export interface Mechanism {
  /** Its registered name. */
  readonly name: string;
  /** The server, too, proves that it knows the password. */
  readonly mutual: boolean;
  /** The password crosses the wire: only inside TLS. */
  readonly revealsPassword: boolean;
  /** Used only where the caller or the dialect names it. */
  readonly onlyIfNamed: boolean;
  /** Whether this runtime can do it. */
  available(crypto: Crypto): boolean;
  begin(credentials: Credentials, crypto: Crypto): Exchange;
}
