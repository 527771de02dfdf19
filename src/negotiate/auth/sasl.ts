import { BrokerError } from "../../base/errors.ts";
import { AuthError } from "../../sasl/auth-error.ts";
import { type Circumstances, choose } from "../../sasl/choose.ts";
import { type Carrier, runExchange, type ServerMessage } from "../../sasl/exchange.ts";
import { type Mechanism, reveals } from "../../sasl/mechanism.ts";
import { anonymous } from "../../sasl/mechanisms/anonymous.ts";
import { mechanisms } from "../../sasl/mechanisms/mechanisms.ts";
import { askPassword, type Password } from "../../sasl/password.ts";
import { strengthOf } from "../../sasl/strength.ts";
import { conditionOf } from "../../stream/condition.ts";
import { type Element, xml } from "../../xml/element.ts";
import { NS } from "../../xml/namespaces.ts";
import { type Login, unexpected } from "../login.ts";

/** The account that logs in, and how it does. */
export interface Credentials {
  /** The login name. */
  readonly username: string;
  /** `undefined`: there is none, and `mechanisms` names only mechanisms that need none. */
  readonly password: Password | undefined;
  /** The identity to act as, where it is not the one that logs in. */
  readonly authzid: string | undefined;
  /** The domain of the server. */
  readonly domain: string;
  /** The `digest-uri` of DIGEST-MD5. */
  readonly digestUri: string;
  /** The only mechanisms to use; `undefined`: the strongest of all that need not be named. */
  readonly mechanisms: readonly string[] | undefined;
}

/**
 * Authenticates by SASL (RFC 6120, 6) and resolves with the name of the mechanism that did it. Needs a
 * stream whose features are known, and TLS where the mechanism reveals the secret; the stream must be
 * restarted afterwards. Ends in `AUTH_FAILED` (an `AuthError`), `NO_MECHANISM` or `DOWNGRADE`. A mechanism
 * that the server does not accept after all is followed by the next mutual one. Credentials that the
 * server refuses are never tried a second time.
 */
export async function authenticate(
  login: Login,
  features: Element,
  credentials: Credentials,
  table: readonly Mechanism[] = mechanisms,
): Promise<string> {
  const { memory, crypto } = login;
  const circumstances: Circumstances = {
    offered: offeredBy(features),
    named: credentials.mechanisms,
    secure: login.tls !== undefined,
    least: memory.best.secret,
    crypto,
  };
  const usable = choose(circumstances, table);
  if (usable.length === 0) throw noMechanism(login, circumstances, table);
  const carrier = carrierOf(login);
  const password = askedOnce(credentials, login.settings.attempt);
  let refused: AuthError | undefined;
  for (const mechanism of usable) {
    const { name } = mechanism;
    login.report("auth:start", { mechanism: name }, { reveals: reveals(mechanism) });
    const exchange = mechanism.begin(
      {
        ...credentials,
        password: () => password.ask(name),
        get signal() {
          return login.signal;
        },
      },
      crypto,
    );
    refused = await runExchange(carrier, mechanism, exchange);
    if (refused === undefined) {
      const secret = reveals(mechanism) ? password.given : undefined;
      // A login without an account says nothing of how the account was protected.
      if (mechanism !== anonymous) memory.raise({ secret: strengthOf(mechanism) });
      login.report("auth:success", { mechanism: name }, { secret });
      return name;
    }
    if (refused.condition === "encryption-required" && login.tls === undefined) {
      throw new BrokerError("TLS_REQUIRED");
    }
    if (refused.condition !== "invalid-mechanism") break;
  }
  throw refused ?? new BrokerError("NO_MECHANISM");
}

/**
 * The messages of an exchange in the elements of RFC 6120, 6.4.
 *
 *     C: <auth mechanism='…'>initial response</auth>
 *     S: <challenge>…</challenge>
 *     C: <response>…</response>
 *     S: <success>additional data</success>
 */
function carrierOf(login: Login): Carrier {
  return {
    start(mechanism, initial) {
      // An initial response of no bytes is written `=`, to tell it from none (RFC 6120, 6.4.2).
      login.send(xml("auth", { xmlns: NS.sasl, mechanism }, initial === "" ? "=" : initial));
    },
    respond(data) {
      login.send(xml("response", { xmlns: NS.sasl }, data === "" ? undefined : data));
    },
    abort() {
      login.send(xml("abort", { xmlns: NS.sasl }));
    },
    async next() {
      return messageOf(await login.next());
    },
  };
}

/** Reads an element. White space in base64 means nothing: a server may wrap long lines. */
function messageOf(element: Element): ServerMessage {
  const text = element.text().replace(/[\t\n\r ]+/g, "");
  const data = text === "=" ? "" : text;
  if (element.is("challenge", NS.sasl)) return { kind: "challenge", data };
  if (element.is("success", NS.sasl)) {
    return { kind: "success", data: text === "" ? undefined : data };
  }
  if (!element.is("failure", NS.sasl)) throw unexpected(element, "during authentication");
  const failure = conditionOf(element, NS.sasl);
  return { kind: "failure", condition: failure.condition?.name, text: failure.text };
}

function offeredBy(features: Element): string[] {
  const list = features.child("mechanisms", NS.sasl)?.childrenOf("mechanism") ?? [];
  return list.map((mechanism) => mechanism.text().trim());
}

/** The error for an offer of which nothing may be used; `DOWNGRADE` if it would do but for an earlier login. */
function noMechanism(
  login: Login,
  circumstances: Circumstances,
  table: readonly Mechanism[],
): BrokerError {
  const { offered, secure, least } = circumstances;
  const offer = offered.length === 0 ? "it offers none" : `it offers ${offered.join(", ")}`;
  const isLess = choose({ ...circumstances, least: "revealing" }, table).length > 0;
  const error = isLess
    ? new BrokerError("DOWNGRADE", `${offer}, and an earlier login was ${least}`)
    : new BrokerError("NO_MECHANISM", secure ? offer : `${offer}, without TLS`);
  // No step is in force that the broker could report as failed.
  login.report("auth:failure", { error });
  return error;
}

/** A password that is asked for once, also if a second mechanism needs it: a person may be asked. */
function askedOnce({ password, domain }: Credentials, attempt: number) {
  let asked: Promise<string> | undefined;
  const once = {
    /** The password, once it has been given. */
    given: undefined as string | undefined,
    ask: (mechanism: string) => (asked ??= ask(mechanism)),
  };
  return once;

  async function ask(mechanism: string): Promise<string> {
    if (password === undefined) {
      throw new AuthError(mechanism, { detail: "no password was given" });
    }
    once.given = await askPassword(password, { mechanism, domain, attempt });
    return once.given;
  }
}
