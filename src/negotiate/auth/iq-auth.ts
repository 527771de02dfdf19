import { BrokerError } from "../../base/errors.ts";
import { AuthError } from "../../sasl/auth-error.ts";
import { askPassword, type Password } from "../../sasl/password.ts";
import type { StreamHeader } from "../../stream/header.ts";
import { stanzaErrorFrom } from "../../stream/stanza-error.ts";
import { type Element, xml } from "../../xml/element.ts";
import { NS } from "../../xml/namespaces.ts";
import { ask } from "../answer.ts";
import type { Login } from "../login.ts";
import { streamDigest, streamId } from "./stream-digest.ts";

/** The account that logs in, and the way. */
export interface IqAuthCredentials {
  readonly username: string;
  /** The domain of the server. */
  readonly domain: string;
  readonly resource: string;
  readonly password: Password;
  /** Send the password itself where the server accepts it. */
  readonly plaintext: boolean;
}

/**
 * Authenticates with jabber:iq:auth (XEP-0078) and takes the resource in one step. It needs an open
 * stream, and for the password itself TLS or the policy `plaintext`. Ends in `AUTH_FAILED` (an
 * `AuthError`), `NO_MECHANISM` or `DOWNGRADE`.
 *
 *     C: <iq type='get'><query><username>bill</username></query></iq>
 *     S: <iq type='result'><query><username/><digest/><resource/></query></iq>
 *                                            ^ the fields that it wants, of which we choose
 *     C: <iq type='set'><query><username>bill</username><digest>48fc…</digest>…</query></iq>
 *     S: <iq type='result'/>
 */
export async function iqAuth(
  login: Login,
  header: StreamHeader,
  credentials: IqAuthCredentials,
): Promise<void> {
  // The choice follows later. A digest would reveal nothing.
  login.report("auth:start", { mechanism: NS.iqAuth }, { reveals: credentials.plaintext });
  const username = xml("username", {}, credentials.username);
  const fields = await ask(login, "get", query(username));
  if (fields.attrs.type === "error") throw refused(NS.iqAuth, fields);
  const way = chooseWay(login, fields, credentials);
  const mechanism = `${NS.iqAuth} ${way}`;
  const { attempt } = login.settings;
  const { domain } = credentials;
  const password = await askPassword(credentials.password, { mechanism, domain, attempt });
  const isPlain = way === "plaintext";
  const proof = isPlain
    ? password
    : await streamDigest(login, await streamId(login, header), password);
  const request = query(
    username,
    xml(isPlain ? "password" : "digest", {}, proof),
    xml("resource", {}, credentials.resource),
  );
  const answer = await ask(login, "set", request);
  if (answer.attrs.type === "error") throw refused(mechanism, answer);
  // Prosody answers a digest, which it does not know, with the fields once more. That is no login.
  if ((answer.child("query", NS.iqAuth)?.childrenOf().length ?? 0) > 0) {
    throw new AuthError(mechanism, { detail: "the server repeats the fields that it wants" });
  }
  login.memory.raise({ secret: isPlain ? "revealing" : "concealing" });
  login.report("auth:success", { mechanism }, { secret: isPlain ? password : undefined });
}

function query(...fields: Element[]): Element {
  return xml("query", { xmlns: NS.iqAuth }, ...fields);
}

/** Chooses the digest, unless the password itself is asked for, may be sent here, and is accepted. */
function chooseWay(
  login: Login,
  answer: Element,
  credentials: IqAuthCredentials,
): "digest" | "plaintext" {
  const wanted = answer.child("query", NS.iqAuth);
  const takesDigest = wanted?.child("digest") !== undefined;
  const takesPassword = wanted?.child("password") !== undefined;
  const protectedOrAsked = login.tls !== undefined || login.settings.tls === "plaintext";
  const isLess = login.memory.best.secret !== "revealing";
  const mayReveal = credentials.plaintext && takesPassword && protectedOrAsked;
  if (mayReveal && !isLess) return "plaintext";
  if (takesDigest) return "digest";
  if (mayReveal)
    throw new BrokerError("DOWNGRADE", "it takes no digest, and an earlier login sent one");
  throw new BrokerError(
    "NO_MECHANISM",
    takesPassword
      ? 'it accepts only the password itself, which is sent with plaintext: true, inside TLS or with tls: "plaintext"'
      : "it accepts neither a digest nor a password",
  );
}

/** The error does not keep the stanza, since servers repeat our own elements in it, the password too. */
function refused(mechanism: string, answer: Element): AuthError {
  return new AuthError(mechanism, { condition: stanzaErrorFrom(answer).condition });
}
