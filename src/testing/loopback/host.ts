import type { SecureContext } from "node:tls";
import type { Jid } from "../../jid/jid.ts";
import { type Element, xml } from "../../xml/element.ts";
import { NS } from "../../xml/namespaces.ts";
import type { Connection } from "./connection.ts";
import type { Sessions } from "./management/sessions.ts";
import type { Received } from "./received.ts";
import type { Switchboard } from "./routing/switchboard.ts";
import type { Account } from "./sasl/sasl-exchange.ts";
import type { Settings } from "./server-options.ts";

/** The things that the protocols of one server share. */
export interface Host {
  readonly settings: Settings;
  readonly switchboard: Switchboard;
  readonly received: Received;
  readonly sessions: Sessions;
  readonly context: SecureContext;
}

/** Speaks one protocol on a connection, from the first header to the end, which always rejects. */
export type Protocol = (connection: Connection, host: Host) => Promise<never>;

/** The STARTTLS feature (RFC 6120, 5.4.1), as long as there is no TLS and it is not switched off. */
export function startTlsFeature(connection: Connection, host: Host): Element | undefined {
  const { starttls } = host.settings;
  // In messages TLS is below them (RFC 7395, 3.9; XEP-0206, 4).
  if (connection.wire.secured || connection.isInMessages || starttls === "none") return undefined;
  return xml("starttls", { xmlns: NS.tls }, starttls === "required" ? xml("required") : null);
}

/** The limits of a stream after the login (XEP-0478), where the options name one. */
export function limitsFeature({ settings }: Host): Element | undefined {
  if (settings.maxBytes === undefined) return undefined;
  return xml("limits", { xmlns: NS.streamLimits }, xml("max-bytes", {}, settings.maxBytes));
}

/** True if TLS must come before anything else. */
export const insistsOnTls = (connection: Connection, host: Host): boolean =>
  host.settings.starttls === "required" && !connection.wire.secured;

/**
 * Answers `<starttls/>`; the stream starts anew afterwards, or ends.
 *
 *     C: <starttls/>
 *        ^ here
 *     S: <proceed/>
 */
export async function startTls(connection: Connection, host: Host): Promise<void> {
  if (connection.wire.secured || host.settings.starttls === "none") {
    connection.send(xml("failure", { xmlns: NS.tls }));
    connection.close();
    return;
  }
  connection.send(xml("proceed", { xmlns: NS.tls }));
  await connection.secure(host.context);
}

/** The account of a user name. All spellings that are prepared to the same name it. */
export function findUser(settings: Settings, username: string): Account | undefined {
  const { local = "" } = settings.addresses.read(`${username}@${settings.domain}`) ?? {};
  const password = settings.users.get(local);
  return password === undefined ? undefined : { username: local, password };
}

/**
 * True if another client has the address and keeps it (`conflict: "refuse"`). One whose session waits to be resumed
 * never keeps it.
 */
export const isTaken = (address: Jid, { settings, switchboard }: Host): boolean =>
  settings.conflict === "refuse" && switchboard.client(address)?.isWaiting === false;

/** The address of an account with a resource, or `undefined` if the resource cannot be one. */
export const addressOf = (username: string, resource: string, host: Host): Jid | undefined =>
  host.settings.addresses.read(`${username}@${host.settings.domain}/${resource}`);
