import { once } from "node:events";
import { connect } from "node:net";
import { connect as connectTls } from "node:tls";
import { describe, expect, test, vi } from "vitest";
import type { LimitCondition, LoopbackPhase } from "../../../src/testing/index.ts";
import { type FaultState, NO_FAULTS, together } from "../../../src/testing/loopback/faults.ts";
import { settled } from "../../virtual-clock.ts";
import { allPorts, attach, base64, clientHeader, dial, dialTls, login, serve } from "./scene.ts";

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
  const server = await serve({ http: true });
  const juliet = await login(server, "juliet", "balcony");
  server.faults.refuse();
  for (const port of allPorts(server)) expect(await outcome(port)).toBe("ECONNREFUSED");
  await juliet.play(`
    C: ${PING}
    S: ${PONG}
  `);
  await server.faults.clear();
  for (const port of allPorts(server)) expect(await outcome(port)).toBe("connected");
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
    await settled();
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
  const waited = settled().then(() => "mute");
  expect(await Promise.race([secured, waited])).toBe("mute");
});

test("mute at ready silences who is there already, and clear lets it speak again", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  server.faults.mute("ready");
  juliet.say("<iq type='get' id='lost' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
  const romeo = await login(server, "romeo", "garden");
  romeo.say("<message to='juliet@localhost/balcony' id='lost too'/>");
  await expect
    .poll(() => server.received.map(({ element }) => element.attrs.id))
    .toEqual(["lost", "lost too"]);
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
  }).toThrow(/phase must be one of "connect", .*, got "lunch"/);
});

const SIZE = "<message to='romeo@localhost' type='headline' id='1'/>".length;
const TEXT = "<text xmlns='urn:ietf:params:xml:ns:xmpp-streams'>XML stanza is too big</text>";

test.each([
  ["policy-violation, as ejabberd says it", undefined, `<policy-violation …/>${TEXT}`],
  ["policy-violation", "policy-violation", `<policy-violation …/>${TEXT}`],
  ["not-well-formed, as Prosody says it", "not-well-formed", "<not-well-formed …/>"],
] as const)(
  "limit: a stanza of so many bytes passes, one byte more ends in %s",
  async (_, condition, error) => {
    const server = await serve();
    const juliet = await login(server, "juliet", "balcony");
    const romeo = await login(server, "romeo", "garden");
    server.faults.limit(SIZE, condition);
    const late = await dial(server.ports.client);
    late.say(clientHeader());
    await late.expect("<?xml …<stream:error>…</stream:stream>");
    await juliet.play(`
    C: <message to='romeo@localhost' type='headline' id='1'/>
    C: <message to='romeo@localhost' type='headline' id='12'/>
    S: <stream:error>${error}</stream:error></stream:stream>
  `);
    await server.faults.clear();
    await romeo.play(`
    C: <message to='romeo@localhost/garden' id='${"1".repeat(SIZE)}'/>
    S: <message …/>
  `);
  },
);

test("limit: other limits keep their condition when it is cleared, and the limit of the phase stays", async () => {
  const server = await serve();
  server.faults.limit(1_048_576, "not-well-formed");
  const client = await dial(server.ports.client);
  await client.play(`
    C: ${clientHeader()}
    S: <?xml …</stream:features>
    C: <auth>${"x".repeat(70_000)}</auth>
    S: <stream:error><not-well-formed …</stream:stream>
  `);
  await server.faults.clear();
  const other = await dial(server.ports.client);
  await other.play(`
    C: ${clientHeader()}
    S: <?xml …</stream:features>
    C: <auth>${"x".repeat(70_000)}</auth>
    S: <stream:error><policy-violation …</stream:stream>
  `);
});

test.each([[0], [1.5], [Number.NaN], [1_048_577]])("a limit of %d is refused", async (bytes) => {
  const server = await serve();
  expect(() => {
    server.faults.limit(bytes);
  }).toThrow(/limit must be a whole number from 1 to 1048576/);
  expect(() => {
    server.faults.limit(1, "too-big" as LimitCondition);
  }).toThrow(/condition must be one of "policy-violation", "not-well-formed"/);
});

test("stall: nothing is read, wherever the connection is, until clear", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  const greeted = await dial(server.ports.client);
  await greeted.play(`
    C: ${clientHeader()}
    S: <?xml …</stream:features>
    C: <starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
    S: <proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>
  `);
  server.faults.stall();
  // All that a server still does for those that are there.
  const fresh = await dial(server.ports.client);
  fresh.say(clientHeader());
  const greetings: string[] = [];
  const direct = dialTls(server).then((client) => {
    greetings.push("direct");
    return client;
  });
  const secured = greeted.secure(server);
  juliet.say(PING);
  await expect.poll(() => server.connections).toHaveLength(4);
  await settled();
  expect([juliet.unread, fresh.unread, server.received]).toEqual(["", "", []]);
  expect(greetings).toEqual([]);
  expect(server.connections.map(({ phase }) => phase)).toEqual([
    "ready",
    "tls",
    "connect",
    "connect",
  ]);
  await server.faults.clear();
  await juliet.expect(PONG);
  await fresh.expect("<?xml …</stream:features>");
  await secured;
  for (const client of [greeted, await direct]) {
    await client.play(`
      C: ${clientHeader()}
      S: <?xml …</stream:features>
    `);
  }
});

describe("the faults of one connection", () => {
  /** Two clients that are ready, and the connection of the first. */
  async function pair() {
    const server = await serve();
    const juliet = await login(server, "juliet", "balcony");
    const romeo = await login(server, "romeo", "garden");
    const [connection] = server.connections;
    if (connection === undefined) throw new TypeError("there is no connection");
    expect(connection).toMatchObject({
      port: "client",
      phase: "ready",
      address: "juliet@localhost/balcony",
    });
    const lives = async (client: typeof juliet, to: string): Promise<void> => {
      await client.play(`
        C: ${PING}
        S: ${PONG.replace("juliet@localhost/balcony", to)}
      `);
    };
    return {
      ...{ server, juliet, romeo, faults: connection.faults },
      romeoLives: () => lives(romeo, "romeo@localhost/garden"),
      julietLives: () => lives(juliet, "juliet@localhost/balcony"),
    };
  }

  test("cut and refuse end it, and no other", async () => {
    for (const end of ["cut", "refuse"] as const) {
      const { server, juliet, faults, romeoLives } = await pair();
      faults[end]();
      expect(await juliet.ended()).toBe("");
      await romeoLives();
      expect(server.connections.map(({ address }) => address)).toEqual(["romeo@localhost/garden"]);
      await faults.clear();
    }
  });

  test.each([
    ["the client", "client", "ECONNRESET"],
    ["the client's TLS", "clientTls", "ECONNRESET"],
  ] as const)("refuse is a reset for %s", async (_, port, code) => {
    const server = await serve();
    const socket =
      port === "client"
        ? connect({ port: server.ports[port], host: "127.0.0.1" })
        : connectTls({
            port: server.ports[port],
            host: "127.0.0.1",
            ca: server.ca,
            servername: "localhost",
          });
    await once(socket, port === "client" ? "connect" : "secureConnect");
    socket.write(clientHeader());
    await once(socket, "data");
    const failed = once(socket, "error");
    server.connections[0]?.faults.refuse();
    expect(await failed).toMatchObject([{ code }]);
  });

  test("refuse ends one whose stream is ending already", async () => {
    const server = await serve();
    const socket = connect({ port: server.ports.client, host: "127.0.0.1", allowHalfOpen: true });
    socket.on("error", () => undefined);
    socket.write(`${clientHeader()}</stream:stream>`);
    await once(socket.resume(), "end");
    expect(server.connections).toHaveLength(1);
    const closed = once(socket, "close");
    server.connections[0]?.faults.refuse();
    socket.end();
    await closed;
    while (server.connections.length > 0) await new Promise((resolve) => setImmediate(resolve));
  });

  test("inject reaches it, and no other", async () => {
    const { juliet, romeo, faults, romeoLives } = await pair();
    faults.inject("<!-- x -->");
    await juliet.expect("<!-- x -->");
    await romeoLives();
    expect(romeo.heard).not.toContain("<!--");
  });

  test("mute silences it, and no other, until its own clear", async () => {
    const { juliet, romeo, faults, romeoLives, julietLives } = await pair();
    faults.mute("ready");
    juliet.say("<iq type='get' id='lost' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
    juliet.say("<message to='romeo@localhost/garden' id='passed'/>");
    await romeo.expect("<message … id='passed' …/>");
    await romeoLives();
    expect(juliet.unread).toBe("");
    await faults.clear();
    await julietLives();
    expect(juliet.heard).not.toContain("lost");
  });

  test("split, delay and limit are its own", async () => {
    const { juliet, romeo, faults, romeoLives, julietLives } = await pair();
    faults.split();
    faults.delay(1);
    await julietLives();
    faults.limit(100);
    const long = `<message to='romeo@localhost/garden' id='${"1".repeat(100)}'/>`;
    romeo.say(long.replace("romeo@localhost/garden", "juliet@localhost/balcony"));
    await juliet.expect("<message …/>");
    juliet.say(long);
    await juliet.expect("<stream:error><policy-violation …</stream:stream>");
    await romeoLives();
  });

  test("stall stops the reading of it, and of no other", async () => {
    const { server, juliet, faults, romeoLives } = await pair();
    faults.stall();
    juliet.say(PING);
    for (let round = 0; round < 5; round++) await romeoLives();
    expect(juliet.unread).toBe("");
    expect(server.received.map(({ from }) => from)).not.toContain("juliet@localhost/balcony");
    await faults.clear();
    await juliet.expect(PONG);
  });

  test("end with the clear of the server, and outlast none of the server's own", async () => {
    const { server, juliet, faults } = await pair();
    faults.stall();
    faults.mute("ready");
    juliet.say(PING);
    await server.faults.clear();
    await juliet.expect(PONG);
    server.faults.mute("ready");
    await faults.clear();
    juliet.say("<iq type='get' id='lost' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>");
    juliet.say("<message to='romeo@localhost/garden' id='passed'/>");
    while (server.received.at(-1)?.element.attrs.id !== "passed") {
      await new Promise((resolve) => setImmediate(resolve));
    }
    server.faults.inject("|");
    await juliet.expect("|");
  });
});

test.each<[string, Partial<FaultState>, Partial<FaultState>, Partial<FaultState>]>([
  ["the longer delay", { delay: 5 }, { delay: 7 }, { delay: 7 }],
  ["either split", { split: true }, {}, { split: true }],
  ["the earlier mute", { mute: "bind" }, { mute: "stream" }, { mute: "stream" }],
  ["the only mute", {}, { mute: "ready" }, { mute: "ready" }],
  ["either stall", {}, { stalled: true }, { stalled: true }],
  [
    "the smaller limit",
    { limit: { bytes: 9, condition: "not-well-formed" } },
    { limit: { bytes: 8, condition: "policy-violation" } },
    { limit: { bytes: 8, condition: "policy-violation" } },
  ],
  ["no fault", {}, {}, {}],
])("of the faults of the server and of a connection %s is in force", (_, one, other, expected) => {
  const state = (changes: Partial<FaultState>) => ({ ...NO_FAULTS, ...changes });
  expect(together(state(one), state(other))).toEqual(state(expected));
  expect(together(state(other), state(one))).toEqual(state(expected));
});
