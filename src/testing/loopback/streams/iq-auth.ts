import { createHash } from "node:crypto";
import type { Jid } from "../../../jid/jid.ts";
import { type Element, xml } from "../../../xml/element.ts";
import { NS } from "../../../xml/namespaces.ts";
import type { Connection } from "../connection.ts";
import { addressOf, findUser, type Host, isTaken } from "../host.ts";
import { errorOf, resultOf, type StanzaCondition } from "../routing/stanza.ts";

/** The feature that says jabber:iq:auth is there (XEP-0078, section 4). */
export const iqAuthFeature = (): Element => xml("auth", { xmlns: NS.iqAuthFeature });

/** True for a question about the fields, and for an attempt to log in with them. */
export const isIqAuth = (element: Element): boolean =>
  element.is("iq", NS.client) && element.child("query", NS.iqAuth) !== undefined;

/**
 * Answers a jabber:iq:auth query (XEP-0078):
 *
 *     C: <iq type='get'><query xmlns='jabber:iq:auth'>…
 *     S: … <username/><resource/><password/><digest/> …
 *     C: <iq type='set'><query xmlns='jabber:iq:auth'>…<digest>…
 *        ^ here
 *
 * Returns the address of the client if it may come in. Everything else has been answered.
 */
export function authenticateLegacy(
  iq: Element,
  connection: Connection,
  host: Host,
): Jid | undefined {
  const query = iq.child("query", NS.iqAuth);
  if (iq.attrs.type !== "set" || query === undefined) {
    const fields = ["username", "resource", "password", "digest"].map((name) => xml(name));
    connection.send(resultOf(iq, xml("query", { xmlns: NS.iqAuth }, ...fields)));
    return undefined;
  }
  const username = query.childText("username") ?? "";
  const resource = query.childText("resource") ?? "";
  const account = findUser(host.settings, username);
  const address = addressOf(username, resource, host);
  if (username === "" || address?.resource === undefined) refuse("not-acceptable");
  else if (account === undefined || !knows(query, connection.id, account.password)) {
    refuse("not-authorized");
  } else if (isTaken(address, host)) refuse("conflict");
  else return address;
  return undefined;

  function refuse(condition: StanzaCondition): void {
    const error = errorOf(iq, condition);
    if (error !== undefined) connection.send(error);
  }
}

/** The digest of the stream's id and the password, or else the password itself. */
function knows(query: Element, streamId: string, password: string): boolean {
  const digest = query.childText("digest");
  if (digest === undefined) return query.childText("password") === password;
  return digest === createHash("sha1").update(`${streamId}${password}`, "utf8").digest("hex");
}
