import type { LoopbackServer } from "../../../../src/testing/index.ts";
import type { RawClient } from "../../../raw-client.ts";
import { authenticate, login, serve } from "../scene.ts";

export const SM = "urn:xmpp:sm:3";
export const ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas";
export const STREAMS = "urn:ietf:params:xml:ns:xmpp-streams";

/** A message to Juliet's resource on the balcony, and the error that answers it. */
export const note = (id: string): string => `<message to='juliet@localhost/balcony' id='${id}'/>`;
export const returned = (id: string): string =>
  `<message id='${id}' from='juliet@localhost/balcony' to='romeo@localhost/garden' type='error'>…<service-unavailable xmlns='${ERRORS}'/></error></message>`;

type Management = NonNullable<Parameters<typeof serve>[0]>["management"];

/** A server with stream management that does not ask for acknowledgements unless a test says so. */
export const serveManaged = (management: Management = {}): Promise<LoopbackServer> =>
  serve({ management: { asks: false, ...management } });

/** Juliet on the balcony, with stream management: her client and the id of her session. */
export async function juliet(server: LoopbackServer): Promise<{ client: RawClient; id: string }> {
  const client = await login(server, "juliet", "balcony");
  await client.play(`
    C: <enable xmlns='${SM}' resume='true'/>
    S: <enabled xmlns='${SM}' id='{id}' resume='true' …/>
  `);
  return { client, id: client.notes.id ?? "" };
}

/** Romeo in the garden, without stream management. */
export const romeo = (server: LoopbackServer): Promise<RawClient> =>
  login(server, "romeo", "garden");

/** Juliet's next connection, with her `<resume/>` sent. */
export async function resuming(
  server: LoopbackServer,
  id: string,
  h: number | string,
): Promise<RawClient> {
  const client = await authenticate(server, "juliet");
  client.say(`<resume xmlns='${SM}' previd='${id}' h='${h}'/>`);
  return client;
}

/** Resolves when the server has that many connections. */
export async function connections(server: LoopbackServer, count: number): Promise<void> {
  while (server.connections.length !== count) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/** Drops Juliet's connection, and waits until the server has noticed: `left` connections are there then. */
export async function cut(server: LoopbackServer, client: RawClient, left: number): Promise<void> {
  client.cut();
  await connections(server, left);
}
