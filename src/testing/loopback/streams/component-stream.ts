import { createHash } from "node:crypto";
import { type Element, xml } from "../../../xml/element.ts";
import { NS } from "../../../xml/namespaces.ts";
import type { Connection } from "../connection.ts";
import type { Header } from "../header.ts";
import { type Host, insistsOnTls, startTls, startTlsFeature } from "../host.ts";
import { isStanza, translate } from "../routing/stanza.ts";
import type { Party } from "../routing/switchboard.ts";
import { StreamRefusal } from "../stream-refusal.ts";

/**
 * A component's stream (XEP-0114). As on jabberd2's router, where the options say so, one with
 * `version='1.0'` gets features, so that there may be TLS, and each gets its stanzas in `jabber:client`.
 */
export async function componentStream(connection: Connection, host: Host): Promise<never> {
  const domain = await logIn(connection, host);
  const party: Party = {
    deliver: (stanza) => {
      const isAsItIs = host.settings.componentPort === "jabberd2";
      connection.send(isAsItIs ? stanza : translate(stanza, NS.client, NS.component));
    },
  };
  host.switchboard.bind(domain, party);
  try {
    connection.trust();
    connection.address = domain;
    connection.send(xml("handshake"));
    connection.enter("ready");
    for (;;) {
      const stanza = translate(await connection.next(), NS.component, NS.client);
      host.received.add(domain, stanza, connection.cost);
      receive(stanza, domain, host);
    }
  } finally {
    host.switchboard.unbind(domain, party);
  }
}

/**
 *     S: <stream:stream id='3BF96D32' …>
 *     C: <handshake>…</handshake>
 *        ^ here: the hash of the id and the secret, or the stream ends
 */
async function logIn(connection: Connection, host: Host): Promise<string> {
  let header = await openStream(connection, host);
  let element = await connection.next();
  if (element.is("starttls", NS.tls) && hasFeatures(header, host)) {
    await startTls(connection, host);
    header = await openStream(connection, host);
    element = await connection.next();
  }
  if (insistsOnTls(connection, host)) {
    throw new StreamRefusal("policy-violation", "Use of STARTTLS required");
  }
  const domain = host.switchboard.domainOf(header.to) ?? "";
  const secret = host.settings.components.get(domain) ?? "";
  const expected = createHash("sha1").update(`${connection.id}${secret}`, "utf8").digest("hex");
  connection.enter("auth");
  if (!element.is("handshake", NS.component) || element.text() !== expected) {
    throw new StreamRefusal("not-authorized");
  }
  if (host.switchboard.holds(domain)) {
    throw new StreamRefusal("conflict", "Component already connected");
  }
  return domain;
}

/** XEP-0114 knows no features, even if a component says `version='1.0'`. */
const hasFeatures = (header: Header, host: Host): boolean =>
  header.modern && host.settings.componentPort === "jabberd2";

async function openStream(connection: Connection, host: Host): Promise<Header> {
  const header = await connection.header();
  const to = host.switchboard.domainOf(header.to) ?? "";
  const known = host.settings.components.has(to);
  const version = hasFeatures(header, host) ? "1.0" : undefined;
  connection.open(known ? to : host.settings.domain, version);
  if (header.contentNamespace !== NS.component) throw new StreamRefusal("invalid-namespace");
  if (!known) throw new StreamRefusal("host-unknown");
  if (version !== undefined) connection.features(startTlsFeature(connection, host));
  return header;
}

/** A stanza must say whom it is for, and come from the component's own domain. */
function receive(stanza: Element, domain: string, host: Host): void {
  if (!isStanza(stanza)) throw new StreamRefusal("unsupported-stanza-type");
  const { from = "", to = "" } = stanza.attrs;
  if (from === "" || to === "") throw new StreamRefusal("improper-addressing");
  if (host.switchboard.domainOf(from) !== domain) throw new StreamRefusal("invalid-from");
  host.switchboard.send(stanza);
}
