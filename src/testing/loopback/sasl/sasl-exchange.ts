import { BrokerError } from "../../../base/errors.ts";

/** The accounts, as far as a mechanism needs to know them. */
export interface Accounts {
  /** The realm of DIGEST-MD5. */
  readonly realm: string;
  /** The `digest-uri` that DIGEST-MD5 accepts; `undefined`: any. */
  readonly digestUri: string | undefined;
  /** An account's name in its prepared form, and its password; `undefined`: there is none. */
  find(username: string): Account | undefined;
}

/** An account. */
export interface Account {
  readonly username: string;
  readonly password: string;
}

/** One exchange, from the server's side. */
export interface Exchange {
  readonly accounts: Accounts;
  /** Sends a challenge and waits for the response. */
  ask(challenge: string): Promise<string>;
  /** The initial response; asked for with an empty challenge where there was none. */
  first(): Promise<string>;
}

/** The account that has logged in, and the proof that the server knows its password too. */
export interface Outcome {
  readonly username: string;
  /** Goes into `<success/>`, or before it as a last challenge. */
  readonly proof?: string;
}

/** The server's side of a mechanism, from the first response to the outcome. */
export type ServerMechanism = (exchange: Exchange) => Promise<Outcome>;

/** A refusal to log in: the condition of RFC 6120, section 6.5, that the client is told. */
export class SaslRefusal extends BrokerError {
  override readonly name = "SaslRefusal";
  readonly condition: string;

  constructor(condition: string) {
    super("AUTH_FAILED", condition);
    this.condition = condition;
  }
}

/** Refuses to act for another account, with `invalid-authzid`. */
export function checkAuthzid(authzid: string, account: Account, accounts: Accounts): void {
  const own = `${account.username}@${accounts.realm}`;
  if (authzid !== "" && authzid !== own && authzid !== account.username) {
    throw new SaslRefusal("invalid-authzid");
  }
}

/**
 * The part of SASLprep (RFC 4013) that makes spellings of one password equal: odd spaces become
 * spaces, invisible characters vanish, compatibility forms are unified.
 */
export const prepare = (text: string): string =>
  text
    .replace(/[\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]/g, " ")
    .replace(
      /\u00ad|\u034f|\u1806|[\u180b-\u180d]|[\u200b-\u200d]|\u2060|[\ufe00-\ufe0f]|\ufeff/g,
      "",
    )
    .normalize("NFKC");
