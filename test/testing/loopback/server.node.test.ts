// Runs alone: it counts the open handles of its process.
import { createHook } from "node:async_hooks";
import { afterAll, expect, test, vi } from "vitest";
import { LoopbackServer } from "../../../src/testing/index.ts";
import { attach, CAST, clientHeader, dial, dialTls, login, serve } from "./scene.ts";

/** The timers that the server has set and that neither ran out nor were cleared. */
const timers = new Set<number>();
const hook = createHook({
  init(id, type) {
    if (type !== "Timeout" && type !== "Immediate") return;
    if (new Error().stack?.includes("/src/testing/loopback/")) timers.add(id);
  },
  destroy(id) {
    timers.delete(id);
  },
}).enable();
afterAll(() => {
  hook.disable();
});

/** The resources that the server could have left behind. */
async function remains() {
  // Node tells of the end of a timer in the next turn.
  await new Promise((resolve) => setImmediate(resolve));
  const sockets = process.getActiveResourcesInfo().filter((kind) => /TCP|TLS/.test(kind));
  return { sockets, timers: timers.size };
}

const NOTHING = { sockets: [], timers: 0 };

test("close ends every stream with system-shutdown, and leaves no socket, timer or listener", async () => {
  const server = await LoopbackServer.start(CAST);
  const juliet = await login(server, "juliet", "balcony");
  const component = await attach(server);
  const greeted = await dialTls(server);
  greeted.say(clientHeader());
  await greeted.expect("<?xml …</stream:features>");
  const silent = await dial(server.ports.router);
  await server.close();
  const goodbye =
    "<stream:error><system-shutdown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>";
  expect(await juliet.ended()).toBe(goodbye);
  expect(await component.ended()).toBe(goodbye);
  expect(await greeted.ended()).toBe(goodbye);
  expect(await silent.ended()).toMatch(/<stream:error><system-shutdown /);
  expect(await remains()).toEqual(NOTHING);
});

test("close may be called twice, at once, and after a fault of each kind", async () => {
  const server = await LoopbackServer.start(CAST);
  const client = await dial(server.ports.client);
  server.faults.split();
  server.faults.delay(10_000);
  client.say(clientHeader());
  // The header is held back when the server has read it.
  const ready = await dial(server.ports.client);
  ready.say(clientHeader());
  server.faults.mute("features");
  server.faults.refuse();
  await Promise.all([server.close(), server.close()]);
  await server.close();
  await client.ended();
  await ready.ended();
  expect(await remains()).toEqual(NOTHING);
});

test("close ends the sessions that wait to be resumed, and those whose connection is lost meanwhile", async () => {
  const server = await LoopbackServer.start({ ...CAST, management: {} });
  const sm = "xmlns='urn:xmpp:sm:3'";
  for (const resource of ["balcony", "hall"]) {
    const juliet = await login(server, "juliet", resource);
    juliet.say(`<enable ${sm} resume='true'/>`);
    await juliet.expect(`<enabled ${sm} …/>`);
    // The server hears of the second loss while it closes.
    juliet.cut();
    if (resource === "balcony") await expect.poll(() => server.connections).toEqual([]);
  }
  await server.close();
  expect(await remains()).toEqual(NOTHING);
});

test("a closed server does not listen again when its faults are cleared", async () => {
  const server = await LoopbackServer.start();
  server.faults.refuse();
  await server.close();
  await server.faults.clear();
  await expect(dial(server.ports.client)).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("it is disposed of at the end of an `await using` block", async () => {
  let port = 0;
  {
    await using server = await LoopbackServer.start();
    port = server.ports.client;
  }
  await expect(dial(port)).rejects.toMatchObject({ code: "ECONNREFUSED" });
});

test("several servers live side by side, and know nothing of each other", async () => {
  const [one, other] = [await serve(), await serve()];
  await login(one, "juliet", "balcony");
  const juliet = await login(other, "juliet", "balcony");
  await juliet.play(`
    C: <message to='juliet@localhost/balcony' id='mine'/>
    S: <message to='juliet@localhost/balcony' id='mine' …/>
  `);
});

test("a stanza of a megabyte and every character that is legal arrive as they were", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  const body = "Ёж 🌹 &amp; &lt;".repeat(40_000);
  await juliet.play(`
    C: <message to='juliet@localhost/balcony'><body>${body}</body></message>
    S: <message … from='juliet@localhost/balcony'><body>{body}</body></message>
  `);
  expect(juliet.notes.body === body).toBe(true);
});

test("who sends more than is read has to wait, and nothing is lost", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  const slow = await login(server, "romeo", "slow");
  slow.pause();
  const count = 20;
  const body = "x".repeat(1_000_000);
  for (let sent = 0; sent < count; sent++) {
    juliet.say(`<message to='romeo@localhost/slow' id='${sent}'>${body}</message>`);
  }
  const other = await login(server, "juliet", "other");
  await other.play(`
    C: <message to='juliet@localhost/other'/>
    S: <message …/>
  `);
  slow.resume();
  for (let sent = 0; sent < count; sent++) await slow.expect(`<message … id='${sent}' …</message>`);
});

test("a sender that has to wait is not read", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  const deaf = await login(server, "romeo", "deaf");
  deaf.pause();
  const heap = `<message to='romeo@localhost/deaf'>${"x".repeat(1_000_000)}</message>`;
  for (let sent = 0; sent < 64; sent++) juliet.say(heap);
  // The system's buffers fill up, and then nothing moves.
  let before = -1;
  while (juliet.unsent !== before) {
    before = juliet.unsent;
    for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(juliet.unsent).toBeGreaterThan(heap.length * 20);
});

test("a peer that does not read at all is dropped after ten seconds", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  const deaf = await login(server, "romeo", "deaf");
  deaf.pause();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  try {
    const heap = `<message to='romeo@localhost/deaf'>${"x".repeat(1_000_000)}</message>`;
    for (let sent = 0; sent < 40; sent++) juliet.say(heap);
    juliet.say("<message to='romeo@localhost/deaf' id='last'/>");
    while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(10_000);
  } finally {
    vi.useRealTimers();
  }
  await juliet.expect("<message …<message id='last' …<service-unavailable …</message>");
});
