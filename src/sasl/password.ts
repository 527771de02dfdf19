import { BrokerError } from "../base/errors.ts";
import { AuthError } from "./auth-error.ts";

/** A password, or a function that is asked for it once per login. */
export type Password = string | (() => string | Promise<string>);

/** Checks a password option without ever showing it. Ends in `BAD_OPTION`. */
export function passwordOption(option: string, value: unknown): Password {
  if (typeof value === "string" && value !== "") return value;
  if (typeof value === "function") return value as () => string | Promise<string>;
  const got = value === "" ? "an empty text" : typeof value;
  const wanted = "a text that is not empty, or a function that gives one";
  throw new BrokerError("BAD_OPTION", `${option} must be ${wanted}, got ${got}`);
}

/** The password itself. A function that throws, or gives none, ends in `AUTH_FAILED`, with its error as the cause. */
export async function askPassword(password: Password, mechanism: string): Promise<string> {
  if (typeof password === "string") return password;
  let given: unknown;
  try {
    given = await password();
  } catch (cause) {
    // The server was not asked, so trying again locks no account.
    const detail = "the password function failed";
    throw new AuthError(mechanism, { detail, cause, retryable: true });
  }
  if (typeof given === "string" && given !== "") return given;
  throw new AuthError(mechanism, { detail: "the password function gave no password" });
}
