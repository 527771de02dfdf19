import { once } from "node:events";
import { connect } from "node:net";
import { expect, test, vi } from "vitest";
import type { LoopbackPhase } from "../../../src/testing/index.ts";
import { attach, base64, clientHeader, dial, login, serve } from "./scene.ts";

const PING = "<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>";
const PONG = "<iq id='p' from='localhost' to='juliet@localhost/balcony' type='result'/>";

async function outcome(port: number): Promise<string> {
  const socket = connect({ port, host: "127.0.0.1" });
  try {
    await once(socket, "connect");
    return "connected";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? "";
  } finally {
    socket.destroy();
  }
}

test("refuse: new connections are refused on every port, old ones live on, until clear", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  server.faults.refuse();
  for (const port of Object.values(server.ports)) expect(await outcome(port)).toBe("ECONNREFUSED");
  await juliet.play(`
    C: ${PING}
    S: ${PONG}
  `);
  await server.faults.clear();
  for (const port of Object.values(server.ports)) expect(await outcome(port)).toBe("connected");
});

test("cut: every connection is dropped without a goodbye, new ones are accepted", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  const component = await attach(server);
  server.faults.cut();
  expect(await juliet.ended()).toBe("");
  expect(await component.ended()).toBe("");
  await login(server, "juliet", "balcony");
});

test("delay: everything is late by that much, and in order", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  server.faults.delay(60);
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  try {
    juliet.say(`${PING}<message to='juliet@localhost'/>`);
    while (vi.getTimerCount() === 0) await new Promise((resolve) => setImmediate(resolve));
    vi.advanceTimersByTime(59);
    await new Promise((resolve) => setImmediate(resolve));
    expect(juliet.unread).toBe("");
    vi.advanceTimersByTime(1);
  } finally {
    vi.useRealTimers();
  }
  await juliet.expect(`${PONG}<message …/>`);
});

test("split: every byte is written by itself, and nothing is lost, over TLS too", async () => {
  const server = await serve();
  server.faults.split();
  const client = await dial(server.ports.client);
  await client.play(`
    C: ${clientHeader()}
    S: <?xml …</stream:features>
    C: <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
    S: <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
  `);
  await client.secure(server);
  const sizes = new Set<number>();
  client.tls.on("data", (bytes: Uint8Array) => sizes.add(bytes.length));
  await client.play(`
    C: ${clientHeader()}
    S: <?xml …</stream:features>
  `);
  expect([...sizes]).toEqual([1]);
});

test("inject: bytes reach every live connection as they are", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  const component = await attach(server);
  server.faults.inject("<!-- грязь 🌧 -->");
  await juliet.expect("<!-- грязь 🌧 -->");
  await component.expect("<!-- грязь 🌧 -->");
  server.faults.mute("connect");
  server.faults.inject(new TextEncoder().encode("<even-when-mute/>"));
  await juliet.expect("<even-when-mute/>");
});

const HEADER = `C: ${clientHeader()}`;
const LOGIN = `C: <auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${base64("\0juliet\0s3cret")}</auth>`;
const BIND =
  "C: <iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>";
const SESSION =
  "C: <iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>";

/** The whole login in clear; each phase with the last thing that is said before it. */
const UP_TO: readonly [LoopbackPhase, string][] = [
  ["connect", HEADER],
  ["stream", HEADER],
  ["features", `${HEADER}\nS: <?xml …<stream:stream …>`],
  ["auth", `${HEADER}\nS: <?xml …</stream:features>\n${LOGIN}`],
  [
    "bind",
    `${HEADER}\nS: <?xml …</stream:features>\n${LOGIN}\nS: <success …/>\n${HEADER}\nS: <?xml …</stream:features>\n${BIND}`,
  ],
  [
    "session",
    `${HEADER}\nS: <?xml …</stream:features>\n${LOGIN}\nS: <success …/>\n${HEADER}\nS: <?xml …</stream:features>\n${BIND}\nS: <iq …</iq>\n${SESSION}`,
  ],
  [
    "ready",
    `${HEADER}\nS: <?xml …</stream:features>\n${LOGIN}\nS: <success …/>\n${HEADER}\nS: <?xml …</stream:features>\n${BIND}\nS: <iq …</iq>\n${SESSION}\nS: <iq …/>\nC: ${PING}`,
  ],
];

test.each(UP_TO)(
  "mute at %s: what comes before is said, nothing from there on",
  async (phase, script) => {
    const server = await serve({ session: "required" });
    server.faults.mute(phase);
    const client = await dial(server.ports.client);
    await client.play(script);
    // A marker shows that what the server had to say until then has arrived.
    client.say("<iq type='get' id='late' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
    await new Promise((resolve) => setTimeout(resolve, 20));
    server.faults.inject("|");
    await client.expect("|");
    expect(client.isOver).toBe(false);
  },
);

test("mute at tls: <proceed/> is the last that is said, the handshake stays unanswered", async () => {
  const server = await serve();
  server.faults.mute("tls");
  const client = await dial(server.ports.client);
  await client.play(`
    ${HEADER}
    S: <?xml …</stream:features>
    C: <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
    S: <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
  `);
  const secured = client.secure(server).then(() => "secured");
  const waited = new Promise((resolve) => setTimeout(resolve, 50, "mute"));
  expect(await Promise.race([secured, waited])).toBe("mute");
});

test("mute at ready silences who is there already, and clear lets it speak again", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  server.faults.mute("ready");
  juliet.say("<iq type='get' id='lost' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
  const romeo = await login(server, "romeo", "garden");
  romeo.say("<message to='juliet@localhost/balcony' id='lost too'/>");
  await new Promise((resolve) => setTimeout(resolve, 20));
  await server.faults.clear();
  await juliet.play(`
    C: ${PING}
    S: ${PONG}
  `);
});

test.each([[-1], [Number.NaN], [60_001]])("a delay of %d is refused", async (milliseconds) => {
  const server = await serve();
  expect(() => {
    server.faults.delay(milliseconds);
  }).toThrow(expect.objectContaining({ code: "BAD_OPTION" }));
});

test("an unknown phase is refused", async () => {
  const server = await serve();
  expect(() => {
    server.faults.mute("lunch" as LoopbackPhase);
  }).toThrow(/phase must be one of connect, .*, got lunch/);
});
