import { expect, onTestFinished } from "vitest";
import { Broker, type BrokerOptions, type Element, xml, xmpp } from "../../../../src/node.ts";
import { type LoopbackOptions, LoopbackServer } from "../../../../src/testing/index.ts";

/** The accounts of a server that is reached over HTTP, by WebSockets or by BOSH. */
const USERS = { juliet: "s3cret", romeo: "m0ntague" };

/** A server that is closed after the test. */
export async function serve(options: LoopbackOptions = {}): Promise<LoopbackServer> {
  const server = await LoopbackServer.start({ users: USERS, http: true, ...options });
  onTestFinished(() => server.close());
  return server;
}

/** A broker of juliet's that is halted after the test. */
export function client(options: Partial<BrokerOptions>): Broker {
  const dialect = xmpp({ jid: "juliet@localhost/balcony", password: USERS.juliet });
  const broker = new Broker({ dialect, ...options });
  onTestFinished(() => {
    broker.halt();
  });
  return broker;
}

/** A message of juliet's to herself. */
export const message = (id: string, body = id): Element =>
  xml("message", { to: "juliet@localhost/balcony", id }, xml("body", {}, body));

/** The end of an attempt to connect: `ready`, or the code of its error. */
export const connecting = (broker: Broker): Promise<string> =>
  broker.connect().then(
    () => "ready",
    (error: unknown) => (error as { code: string }).code,
  );

/** A broker that is ready sends, is proven right, and leaves its place on that port in order. */
export async function talksAndLeaves(
  server: LoopbackServer,
  broker: Broker,
  port: string,
): Promise<void> {
  expect(server.connections).toMatchObject([{ port }]);
  const arrived = broker.waitFor("/message[@id='m1']");
  const delivery = broker.send(message("m1"));
  expect((await arrived).stanza.childText("body")).toBe("m1");
  await delivery.acked();
  expect([delivery.state, delivery.ackedBy]).toEqual(["acked", "barrier"]);
  await broker.shutdown();
  expect(await broker.closed).toBeUndefined();
  await expect.poll(() => server.connections).toEqual([]);
}

/** So many stanzas, and a large one behind them, arrive in order. */
export async function carries(broker: Broker, count: number): Promise<void> {
  await broker.connect();
  const large = "x".repeat(200_000);
  const ids: string[] = [];
  const all = broker.waitFor("/message[@id='last']");
  broker.filter("/message", ({ stanza }) => {
    ids.push(stanza.attrs.id ?? "");
    if (stanza.attrs.id === "large") expect(stanza.childText("body")).toBe(large);
  });
  for (let n = 0; n < count; n++) broker.send(message(`m${n}`));
  broker.send(message("large", large));
  broker.send(message("last"));
  await all;
  expect(ids).toEqual([...Array.from({ length: count }, (_, n) => `m${n}`), "large", "last"]);
}

/** Cuts fall so often behind twenty messages. The session goes on, and nothing is lost, doubled or out of order. */
export async function outlivesCuts(
  server: LoopbackServer,
  broker: Broker,
  cuts: number,
): Promise<void> {
  const ready: boolean[] = [];
  broker.on("ready", ({ resumed }) => ready.push(resumed));
  const ids: string[] = [];
  broker.filter("/message", ({ stanza }) => ids.push(stanza.attrs.id ?? ""));
  await broker.connect();
  const wanted: string[] = [];
  const deliveries = [];
  for (let round = 0; round < cuts; round++) {
    for (let n = 0; n < 20; n++) {
      wanted.push(`r${round}-${n}`);
      deliveries.push(broker.send(message(`r${round}-${n}`)));
    }
    server.faults.cut();
    await expect.poll(() => ready.length).toBe(round + 2);
  }
  await broker.acked();
  await expect.poll(() => ids.length).toBe(wanted.length);
  expect(ready).toEqual([false, ...Array.from({ length: cuts }, () => true)]);
  expect(ids).toEqual(wanted);
  expect(new Set(deliveries.map(({ ackedBy }) => ackedBy))).toEqual(new Set(["stream-management"]));
}

/** A server that splits its bytes, and delays them, is understood. */
export async function readsSlowBytes(server: LoopbackServer, broker: Broker): Promise<void> {
  server.faults.split();
  server.faults.delay(1);
  await broker.connect();
  await broker.shutdown();
  expect(await broker.closed).toBeUndefined();
}
