import { randomId } from "../base/crypto/crypto.ts";
import { BrokerError } from "../base/errors.ts";
import { carriedJid, isSameAddress } from "../jid/carried.ts";
import type { Jid } from "../jid/jid.ts";
import { type StanzaError, stanzaErrorFrom } from "../stream/stanza-error.ts";
import { type Element, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { ask, refused } from "./answer.ts";
import type { Login } from "./login.ts";

/** The address to bind. */
export interface Wanted {
  /** `undefined`: the server names the account (ANONYMOUS, EXTERNAL). */
  readonly local: string | undefined;
  readonly domain: string;
  /** `undefined`: a random one. */
  readonly resource: string | undefined;
  /** Accepts any address that the server binds. Default: only that of the account. */
  readonly acceptBound?: boolean | undefined;
}

/**
 * Binds a resource (RFC 6120, 7). It needs the stream as it was restarted after authentication. If the
 * server refuses the resource in a way that another may cure, a random one is asked for, once. The
 * server may spell the account in its own way. Ends in `BIND_FAILED`, also if the server binds the
 * address of another account and that is not accepted.
 */
export async function bind(login: Login, features: Element, wanted: Wanted): Promise<Jid> {
  if (features.child("bind", NS.bind) === undefined) {
    throw new BrokerError("PROTOCOL_ERROR", "the server offers no resource binding");
  }
  login.report("bind:start", {});
  let answer = await askFor(login, wanted.resource ?? randomId(login.crypto));
  if (answer.attrs.type === "error" && anotherMayDo(stanzaErrorFrom(answer))) {
    answer = await askFor(login, randomId(login.crypto));
  }
  if (answer.attrs.type === "error") throw refused(login, "BIND_FAILED", answer);
  const bound = boundAddress(login, answer);
  const local = wanted.local ?? bound.local;
  const account = local === undefined ? wanted.domain : `${local}@${wanted.domain}`;
  if (wanted.acceptBound !== true && !isSameAddress(bound.bare, account)) {
    const address = login.revealed ? "an address" : bound.bare;
    throw new BrokerError("BIND_FAILED", `the server bound ${address}, which is not ours`);
  }
  login.report("bind:success", { jid: bound.full });
  return bound;
}

function askFor(login: Login, resource: string): Promise<Element> {
  const request = xml("bind", { xmlns: NS.bind }, xml("resource", {}, resource));
  return ask(login, "set", request);
}

/** The resource is malformed, or taken (RFC 6120, 7.7.2). */
function anotherMayDo({ type, condition }: StanzaError): boolean {
  return type === "modify" || (type === "cancel" && condition === "conflict");
}

/** An address without the white space of a server that breaks lines. A resource may end with a space. */
function onOneLine(text: string): string {
  const end = text.trimEnd();
  const isBroken = /[\r\n]/.test(text.slice(end.length));
  return (isBroken ? end : text).trimStart();
}

function boundAddress(login: Login, answer: Element): Jid {
  const text = answer.child("bind", NS.bind)?.childText("jid") ?? "";
  try {
    const bound = carriedJid(onOneLine(text));
    if (bound.resource !== undefined) return bound;
  } catch (cause) {
    const detail = "the server bound a text that is no address";
    // The cause quotes the text, into which a server may put a secret that it has seen.
    throw new BrokerError("PROTOCOL_ERROR", detail, login.revealed ? {} : { cause });
  }
  throw new BrokerError("PROTOCOL_ERROR", "the server bound an address without a resource");
}
