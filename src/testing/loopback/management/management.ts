import { readCount } from "../../../stream/counter.ts";
import { type Element, xml } from "../../../xml/element.ts";
import { NS } from "../../../xml/namespaces.ts";
import type { Connection } from "../connection.ts";
import type { Host } from "../host.ts";
import { StreamRefusal } from "../stream-refusal.ts";
import { type Client, wrongCount } from "./client.ts";

/** The feature (XEP-0198, 2), where the server has stream management. */
export const managementFeature = ({ settings }: Host): Element | undefined =>
  settings.management && xml("sm", { xmlns: NS.streamManagement });

/** True if an element is for stream management, and the server has it. */
export const isForManagement = (element: Element, { settings }: Host): boolean =>
  settings.management !== undefined && element.ns === NS.streamManagement;

/**
 * Answers a client that has not bound a resource: it may resume a session in place of that, and nothing else. The
 * result is the client of the old session, which goes on over this connection.
 *
 *     C: <resume previd='…' h='7'/>
 *                                  ^ here
 *     S: <resumed previd='…' h='12'/>, and what is unacknowledged
 */
export function resumeBefore(
  element: Element,
  account: string,
  connection: Connection,
  { settings, sessions }: Host,
): Client | undefined {
  const { previd, h } = element.attrs;
  const count = readCount(h);
  if (element.name !== "resume") fail(connection, "unexpected-request");
  else if (previd === undefined || count === undefined) fail(connection, "bad-request");
  else {
    connection.enter("bind");
    const client = sessions.find(previd, account);
    if (client === undefined) {
      const told = sessions.takeCount(previd);
      fail(connection, "item-not-found", settings.management?.failedTellsH ? told : undefined);
    } else if (client.resume(connection, count)) return client;
    else if (settings.management?.abrupt) connection.close({ abruptly: true });
    else throw wrongCount();
  }
  return undefined;
}

/** Answers a client that has bound a resource. Ends in a `StreamRefusal`. */
export function manage(
  element: Element,
  client: Client,
  connection: Connection,
  { settings, sessions }: Host,
): void {
  if (element.name === "enable" && settings.management !== undefined && !client.isManaged) {
    const { resume } = element.attrs;
    const id = resume === "true" || resume === "1" ? sessions.newId() : undefined;
    const { max, location } = settings.management;
    const facts = id === undefined ? {} : { id, resume: "true", max: String(max), location };
    connection.send(xml("enabled", { xmlns: NS.streamManagement, ...facts }));
    client.enable(settings.management, id);
    sessions.add(client);
  } else if (element.name === "enable" || element.name === "resume") {
    fail(connection, "unexpected-request");
  } else if (element.name === "a") {
    client.acknowledge(element.attrs.h);
  } else if (element.name === "r" && client.isManaged) {
    connection.send(xml("a", { xmlns: NS.streamManagement, h: String(client.handled) }));
  } else throw new StreamRefusal("unsupported-stanza-type");
}

/** Sends `<failed/>` (XEP-0198, 6); the stream goes on. */
function fail(
  connection: Connection,
  condition: "bad-request" | "item-not-found" | "unexpected-request",
  h?: number,
): void {
  const attributes = { xmlns: NS.streamManagement, h: h === undefined ? undefined : String(h) };
  connection.send(xml("failed", attributes, xml(condition, { xmlns: NS.stanzaErrors })));
}
