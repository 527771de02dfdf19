import { createHash } from "node:crypto";
import { onTestFinished } from "vitest";
import { type LoopbackOptions, LoopbackServer } from "../../../src/testing/index.ts";
import { RawClient } from "../../raw-client.ts";

/**
 * Closes or cuts it when the test ends, the newest first. Each test registers its own hook: a hook of this module would belong
 * to the first file that imports it.
 */
function closing<T extends { close(): unknown } | { cut(): unknown }>(one: T): T {
  onTestFinished(async () => {
    await ("close" in one ? one.close() : one.cut());
  });
  return one;
}

/** The accounts and components that exist, unless a test says otherwise. */
export const CAST = {
  users: { juliet: "s3cret", romeo: "p@ss, with = and 🌹" },
  components: { "echo.localhost": "shush 🤫" },
  router: { username: "jabberd", password: "router-secret" },
} as const satisfies LoopbackOptions;

/** A server that is closed after the test. */
export async function serve(options: LoopbackOptions = {}): Promise<LoopbackServer> {
  return closing(await LoopbackServer.start({ ...CAST, ...options }));
}

/** The numbers of all its ports. */
export const allPorts = ({ ports }: LoopbackServer): readonly number[] =>
  Object.values(ports).filter((port) => port !== undefined);

/** A raw connection to one of its ports. */
export async function dial(port: number): Promise<RawClient> {
  return closing(await RawClient.connect(port));
}

export async function dialTls(server: LoopbackServer, alpn?: string): Promise<RawClient> {
  return closing(await RawClient.connect(server.ports.clientTls, { ca: server.ca, alpn }));
}

export const STREAM = "http://etherx.jabber.org/streams";
export const ROUTER = "http://jabberd.jabberstudio.org/ns/component/1.0";

/** The header of a client's stream. */
export const clientHeader = (attributes = "version='1.0'", to = "localhost"): string =>
  `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='${STREAM}' to='${to}' ${attributes}>`;

export const base64 = (text: string): string => Buffer.from(text, "utf8").toString("base64");

export const sha1 = (text: string): string => createHash("sha1").update(text).digest("hex");

/** A client that has logged in with PLAIN, and has not bound a resource. */
export async function authenticate(
  server: LoopbackServer,
  username: keyof typeof CAST.users,
): Promise<RawClient> {
  const client = await dial(server.ports.client);
  await client.play(`
    C: ${clientHeader()}
    S: <?xml version='1.0'?><stream:stream …</stream:features>
    C: <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${base64(`\0${username}\0${CAST.users[username]}`)}</auth>
    S: <success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>
    C: ${clientHeader()}
    S: <?xml version='1.0'?><stream:stream …</stream:features>
  `);
  return client;
}

/** A client that has logged in with PLAIN and bound a resource. */
export async function login(
  server: LoopbackServer,
  username: keyof typeof CAST.users,
  resource: string,
): Promise<RawClient> {
  const client = await authenticate(server, username);
  await client.play(`
    C: <iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>
    S: <iq …<jid>${username}@localhost/${resource}</jid></bind></iq>
  `);
  return client;
}

/** A component that has shaken hands. */
export async function attach(
  server: LoopbackServer,
  domain = "echo.localhost",
): Promise<RawClient> {
  const client = await dial(server.ports.component);
  await client.play(`
    C: <stream:stream xmlns='jabber:component:accept' xmlns:stream='${STREAM}' to='${domain}'>
    S: <?xml version='1.0'?><stream:stream … id='{id}' …>
  `);
  const digest = sha1(`${client.notes.id ?? ""}${CAST.components["echo.localhost"]}`);
  await client.play(`
    C: <handshake>${digest}</handshake>
    S: <handshake/>
  `);
  return client;
}
