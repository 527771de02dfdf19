import { randomBytes } from "node:crypto";
import type { Jid } from "../../../jid/jid.ts";
import { type Element, xml } from "../../../xml/element.ts";
import { NS } from "../../../xml/namespaces.ts";
import type { Connection } from "../connection.ts";
import type { Header } from "../header.ts";
import {
  addressOf,
  findUser,
  type Host,
  insistsOnTls,
  isTaken,
  limitsFeature,
  startTls,
  startTlsFeature,
} from "../host.ts";
import { Client } from "../management/client.ts";
import {
  isForManagement,
  manage,
  managementFeature,
  resumeBefore,
} from "../management/management.ts";
import { asksForRoster } from "../routing/roster.ts";
import { errorOf, isRequest, isStanza, resultOf, withAttributes } from "../routing/stanza.ts";
import { authenticate, mechanismsFeature } from "../sasl/sasl.ts";
import { refusalOf, StreamRefusal } from "../stream-refusal.ts";
import { authenticateLegacy, iqAuthFeature, isIqAuth } from "./iq-auth.ts";

/** How often a client may try to log in on one stream. */
const ATTEMPTS = 5;

/**
 * A client's stream: XMPP 1.0 (RFC 6120), or from before it, and then with jabber:iq:auth. It begins
 * the same in clear and on direct TLS.
 */
export async function clientStream(connection: Connection, host: Host): Promise<never> {
  const { client, session } = await logIn(connection, host);
  try {
    if (session) await openSession(connection);
    connection.enter("ready");
    for (;;) receive(await connection.next(), client, connection, host);
  } catch (thrown) {
    client.left(connection, connection.isLost && refusalOf(thrown) === undefined);
    throw thrown;
  }
}

/** A client with a resource; `session`: it must open a session before anything else. */
interface Login {
  readonly client: Client;
  readonly session: boolean;
}

/** Everything up to a bound resource. */
async function logIn(connection: Connection, host: Host): Promise<Login> {
  let header = await openStream(connection, host);
  if (header.modern) offer(connection, host);
  for (let attempts = 0; attempts < ATTEMPTS; ) {
    const element = await connection.next();
    if (element.is("starttls", NS.tls)) {
      await startTls(connection, host);
      header = await openStream(connection, host);
      if (header.modern) offer(connection, host);
    } else if (insistsOnTls(connection, host)) {
      throw new StreamRefusal("policy-violation", "Use of STARTTLS required");
    } else if (element.is("auth", NS.sasl)) {
      const username = await authenticate(connection, element, saslSettings(host));
      if (username !== undefined) {
        return await comeIn(username, connection, host);
      }
      attempts++;
    } else if (isIqAuth(element)) {
      connection.enter("auth");
      const address = authenticateLegacy(element, connection, host);
      if (address !== undefined) {
        connection.trust();
        const client = join(address, connection, host, resultOf(element));
        return { client, session: false };
      }
      if (element.attrs.type === "set") attempts++;
    } else throw new StreamRefusal("not-authorized");
  }
  throw new StreamRefusal("policy-violation", "Too many attempts to log in");
}

async function openStream(connection: Connection, host: Host): Promise<Header> {
  const header = await connection.header();
  const { domain } = host.settings;
  connection.open(domain, header.modern ? "1.0" : undefined);
  if (header.contentNamespace !== NS.client) throw new StreamRefusal("invalid-namespace");
  if (host.switchboard.domainOf(header.to) !== domain) throw new StreamRefusal("host-unknown");
  return header;
}

/** Offers the features of a stream before the login. */
function offer(connection: Connection, host: Host): void {
  const starttls = startTlsFeature(connection, host);
  if (insistsOnTls(connection, host)) connection.features(starttls);
  else {
    connection.features(starttls, mechanismsFeature(host.settings.mechanisms), iqAuthFeature());
  }
}

function saslSettings({ settings }: Host) {
  return {
    mechanisms: settings.mechanisms,
    accounts: {
      realm: settings.domain,
      digestUri: `xmpp/${settings.domain}`,
      find: (username: string) => findUser(settings, username),
    },
    proofInSuccess: false,
  };
}

/**
 * The client has logged in with SASL and opens its stream anew.
 *
 *     S: <success/>
 *     C: <stream:stream …>
 *        ^ here: the features after the login, then bind
 */
async function comeIn(username: string, connection: Connection, host: Host): Promise<Login> {
  connection.restart(host.settings.maxBytes);
  await openStream(connection, host);
  const { session } = host.settings;
  connection.features(
    xml("bind", { xmlns: NS.bind }),
    limitsFeature(host),
    session === "none"
      ? undefined
      : xml("session", { xmlns: NS.session }, session === "optional" ? xml("optional") : null),
    managementFeature(host),
  );
  return bind(username, connection, host);
}

/** The session of RFC 3921, section 3, where the server insists on it. */
async function openSession(connection: Connection): Promise<void> {
  const element = await connection.next();
  if (!isSession(element)) throw new StreamRefusal("not-authorized", "Open a session first");
  connection.enter("session");
  connection.send(resultOf(element));
}

/**
 * Binds a resource (RFC 6120, section 7), or resumes a session (XEP-0198, section 5); refused, the client may ask
 * again.
 */
async function bind(username: string, connection: Connection, host: Host): Promise<Login> {
  for (let attempts = 0; attempts < ATTEMPTS; attempts++) {
    const request = await connection.next();
    if (isForManagement(request, host)) {
      const account = `${username}@${host.settings.domain}`;
      const client = resumeBefore(request, account, connection, host);
      if (client !== undefined) return { client, session: false };
      continue;
    }
    const wanted = request.child("bind", NS.bind);
    if (request.name !== "iq" || request.attrs.type !== "set" || wanted === undefined) {
      throw new StreamRefusal("not-authorized", "Bind a resource first");
    }
    connection.enter("bind");
    const resource = wanted.childText("resource") || randomBytes(8).toString("hex");
    const address = addressOf(username, resource, host);
    if (address === undefined) sendError(connection, request, "bad-request");
    else if (isTaken(address, host)) sendError(connection, request, "conflict");
    else {
      const bound = xml("bind", { xmlns: NS.bind }, xml("jid", {}, address.full));
      const client = join(address, connection, host, resultOf(request, bound));
      return { client, session: host.settings.session === "required" };
    }
  }
  throw new StreamRefusal("policy-violation", "Too many attempts to bind");
}

/** Enters the client in the table, in place of the one that had its address, and sends the result. */
function join(address: Jid, connection: Connection, host: Host, result: Element): Client {
  const { switchboard, sessions } = host;
  const client = new Client(address, connection, {
    switchboard,
    ended: (over, expired) => {
      sessions.ended(over, expired);
    },
  });
  const before = switchboard.client(address);
  switchboard.join(client);
  connection.address = address.full;
  connection.send(result);
  before?.replace();
  return client;
}

/** A stanza of a client that is ready: checked, stamped with its address, and sent on its way. */
function receive(element: Element, client: Client, connection: Connection, host: Host): void {
  host.received.add(client.jid.full, element, connection.cost);
  if (isForManagement(element, host)) {
    manage(element, client, connection, host);
    return;
  }
  if (!isStanza(element)) throw new StreamRefusal("unsupported-stanza-type");
  client.count();
  checkFrom(element, client, host);
  const stanza = withAttributes(element, { from: client.jid.full });
  const roster = host.settings.rosters?.get(client.jid.local ?? "");
  if (element.name === "iq" && !isSound(element)) {
    const error = errorOf(stanza, "bad-request");
    if (error !== undefined) client.deliver(error);
  } else if (isSession(element) && [undefined, host.settings.domain].includes(element.attrs.to)) {
    client.deliver(resultOf(withAttributes(stanza, { to: host.settings.domain })));
  } else if (
    asksForRoster(element) &&
    isForAccount(element, client, host) &&
    roster !== undefined
  ) {
    client.deliver(resultOf(stanza, roster));
  } else if (element.attrs.to !== undefined) {
    host.switchboard.send(stanza);
  } else if (element.name === "presence") {
    host.switchboard.setPresence(client, stanza);
  } else {
    // Without an address it is for one's own account (RFC 6120, 10.3).
    host.switchboard.send(withAttributes(stanza, { to: client.jid.bare }));
  }
}

/** Refuses a `from` that is not the client's own address (RFC 6120, 8.1.2.1). */
function checkFrom(element: Element, client: Client, host: Host): void {
  const { from } = element.attrs;
  const given = from === undefined ? client.jid : host.settings.addresses.read(from);
  if (given?.full !== client.jid.full && given?.full !== client.jid.bare) {
    throw new StreamRefusal("invalid-from");
  }
}

/** True for a stanza to the client's own account, which the server answers (RFC 6120, 10.3). */
const isForAccount = ({ attrs: { to } }: Element, client: Client, host: Host): boolean =>
  to === undefined || host.settings.addresses.read(to)?.full === client.jid.bare;

/** RFC 6120, 8.2.3: an `iq` has an id and a type, a request exactly one child. */
function isSound(iq: Element): boolean {
  const { id, type = "" } = iq.attrs;
  if (id === undefined || !["get", "set", "result", "error"].includes(type)) return false;
  return !isRequest(iq) || iq.childrenOf().length === 1;
}

const isSession = (element: Element): boolean =>
  element.name === "iq" &&
  element.attrs.type === "set" &&
  element.child("session", NS.session) !== undefined;

function sendError(
  connection: Connection,
  request: Element,
  condition: "bad-request" | "conflict",
): void {
  const error = errorOf(request, condition);
  if (error !== undefined) connection.send(error);
}
