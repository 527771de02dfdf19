import { badOption } from "../base/check.ts";
import { AuthError } from "./auth-error.ts";

/** The question to a password function. */
export interface PasswordRequest {
  /** The mechanism that needs the password, e.g. `SCRAM-SHA-256`, `handshake`, `jabber:iq:auth digest`. */
  readonly mechanism: string;
  /** The domain of the dialect. */
  readonly domain: string;
  /** The number of the login attempt since the broker was last ready, from 1. */
  readonly attempt: number;
}

/** A password, a token or another secret; or a function that is asked for it once in each login. */
export type Password = string | ((ask: PasswordRequest) => string | Promise<string>);

/** Checks an option that is a password; the error never shows it. Ends in `BAD_OPTION`. */
export function passwordOption(option: string, value: unknown): Password {
  if (typeof value === "string" && value !== "") return value;
  if (typeof value === "function") return value as Exclude<Password, string>;
  throw badOption(option, "a text that is not empty, or a function that returns one", value);
}

/**
 * Gives the password itself. A function that throws or gives none ends in `AUTH_FAILED`, with its error
 * as the cause.
 */
export async function askPassword(password: Password, ask: PasswordRequest): Promise<string> {
  if (typeof password === "string") return password;
  let given: unknown;
  try {
    given = await password(Object.freeze({ ...ask }));
  } catch (cause) {
    // The server was not asked, so another try locks no account.
    const detail = "the password function failed";
    throw new AuthError(ask.mechanism, { detail, cause, retryable: true });
  }
  if (typeof given === "string" && given !== "") return given;
  throw new AuthError(ask.mechanism, { detail: "the password function gave no password" });
}
