import { decodeBase64, encodeBase64 } from "../base/base64.ts";
import { BrokerError } from "../base/errors.ts";
import { AuthError } from "../sasl/auth-error.ts";
import { choose } from "../sasl/choose.ts";
import type { Exchange, Mechanism } from "../sasl/mechanism.ts";
import { askPassword, type Password } from "../sasl/password.ts";
import { type Element, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import type { Login } from "./login.ts";
import { unexpected } from "./unexpected.ts";

/** Who logs in, and how. */
export interface Credentials {
  readonly username: string;
  /** `undefined`: there is none, and `mechanisms` names only such as need none. */
  readonly password: Password | undefined;
  /** The identity to act as, if it is not the one that logs in. */
  readonly authzid: string | undefined;
  readonly domain: string;
  /** DIGEST-MD5's `digest-uri`. */
  readonly digestUri: string;
  /** The only mechanisms to use; `undefined`: the strongest of all that need not be named. */
  readonly mechanisms: readonly string[] | undefined;
}

/**
 * SASL (RFC 6120, 6). Needs a stream whose features are known, and TLS where the mechanism reveals
 * the password; the stream must be restarted after it.
 * Resolves with the mechanism that did it. Ends in `AUTH_FAILED` (an `AuthError`) or
 * `NO_MECHANISM`. A mechanism that the server does not accept after all is followed by the next
 * mutual one; credentials that it does not accept are never tried a second time.
 */
export async function authenticate(
  login: Login,
  features: Element,
  credentials: Credentials,
): Promise<string> {
  const mechanisms = choose({
    offered: offeredBy(features),
    named: credentials.mechanisms,
    secure: login.tls !== undefined,
    crypto: login.crypto,
  });
  if (mechanisms.length === 0) throw noMechanism(login, features);
  const password = askedOnce(credentials.password);
  let refused: AuthError | undefined;
  for (const mechanism of mechanisms) {
    login.report("auth:start", { mechanism: mechanism.name });
    const { username, authzid, domain, digestUri } = credentials;
    const exchange = mechanism.begin(
      { username, authzid, domain, digestUri, password: () => password(mechanism.name) },
      login.crypto,
    );
    refused = await attempt(login, mechanism, exchange);
    if (refused === undefined) {
      login.report("auth:success", { mechanism: mechanism.name });
      return mechanism.name;
    }
    if (refused.condition !== "invalid-mechanism") break;
  }
  throw refused ?? new BrokerError("NO_MECHANISM");
}

/**
 * One run of a mechanism: `undefined` if the server let us in, else why it did not.
 *
 *     C: <auth mechanism='…'>initial response</auth>
 *     S: <challenge>…</challenge>
 *        ^ here, as long as the exchange has an answer
 *     C: <response>…</response>
 *     S: <success>additional data</success>
 */
async function attempt(
  login: Login,
  mechanism: Mechanism,
  exchange: Exchange,
): Promise<AuthError | undefined> {
  const initial = await exchange.start();
  login.send(
    xml(
      "auth",
      { xmlns: NS.sasl, mechanism: mechanism.name },
      initial === undefined ? undefined : payload(initial),
    ),
  );
  for (;;) {
    const element = await login.next();
    if (element.is("success", NS.sasl)) {
      const text = element.text();
      await exchange.finish(text === "" ? undefined : read(text, mechanism));
      return undefined;
    }
    if (element.is("failure", NS.sasl)) return refusal(login, element, mechanism);
    if (!element.is("challenge", NS.sasl)) {
      throw unexpected(element, "during authentication");
    }
    const response = await answer(login, exchange, mechanism, element.text());
    const text = response.length === 0 ? undefined : encodeBase64(response);
    login.send(xml("response", { xmlns: NS.sasl }, text));
  }
}

/** The answer to a challenge; where there is none, the server is told that we give up (RFC 6120, 6.4.4). */
async function answer(
  login: Login,
  exchange: Exchange,
  mechanism: Mechanism,
  challenge: string,
): Promise<Uint8Array> {
  try {
    return await exchange.answer(read(challenge, mechanism));
  } catch (error) {
    login.send(xml("abort", { xmlns: NS.sasl }));
    throw error;
  }
}

function offeredBy(features: Element): string[] {
  const list = features.child("mechanisms", NS.sasl)?.childrenOf("mechanism") ?? [];
  return list.map((mechanism) => mechanism.text().trim());
}

/** An initial response that is empty is written `=`, to tell it from none (RFC 6120, 6.4.2). */
function payload(bytes: Uint8Array): string {
  return bytes.length === 0 ? "=" : encodeBase64(bytes);
}

function read(text: string, mechanism: Mechanism): Uint8Array {
  const bytes = text === "=" ? new Uint8Array() : decodeBase64(text);
  if (bytes !== undefined) return bytes;
  throw new AuthError(mechanism.name, { detail: "the server sent what is not base64" });
}

function refusal(login: Login, failure: Element, mechanism: Mechanism): AuthError {
  const condition = failure.childrenOf().find((child) => child.name !== "text")?.name;
  if (condition === "encryption-required" && login.tls === undefined) {
    throw new BrokerError("TLS_REQUIRED");
  }
  // Who has just been shown the password may put it into the text: then the condition must do.
  const text = mechanism.revealsPassword ? undefined : failure.childText("text")?.trim();
  return new AuthError(mechanism.name, {
    condition: condition ?? "not-authorized",
    ...(text ? { detail: text } : {}),
  });
}

function noMechanism(login: Login, features: Element): BrokerError {
  const offered = offeredBy(features);
  const detail = offered.length === 0 ? "it offers none" : `it offers ${offered.join(", ")}`;
  const where = login.tls === undefined ? ", without TLS" : "";
  const error = new BrokerError("NO_MECHANISM", detail + where);
  // No step is in force that the broker could report as failed.
  login.report("auth:failure", { error });
  return error;
}

/** A person who is asked for the password is asked once, also if a second mechanism needs it. */
function askedOnce(password: Password | undefined): (mechanism: string) => Promise<string> {
  let asked: Promise<string> | undefined;
  return (mechanism) => {
    if (password === undefined) {
      return Promise.reject(new AuthError(mechanism, { detail: "no password was given" }));
    }
    asked ??= askPassword(password, mechanism);
    return asked;
  };
}
