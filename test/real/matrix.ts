import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { Broker, legacy, StreamError, xml, xmpp } from "../../src/node.ts";
import { CANDIDATES, find, serversRequired } from "../servers/found.ts";
import { startJabberd2 } from "../servers/jabberd2.ts";
import { ACCOUNTS, type RealServer, type Server, type ServerName } from "../servers/server.ts";
import { ADDRESSES, RESPELT } from "./addresses.ts";
import {
  type Cell,
  cellsOf,
  hasLongSteps,
  hasProofs,
  isClient,
  lastWordsOf,
  MECHANISMS,
  REFUSALS,
  title,
} from "./cells.ts";
import { MANY_FILTERS } from "./many-filters.ts";
import { PROOFS } from "./proofs.ts";
import { SCENARIO, type Step } from "./scenario.ts";
import { address, client, connectPeer, message, ping, Stage } from "./stage.ts";
import { VOLUME } from "./volume.ts";

/** Registers all tests of one server. */
export function matrix(name: ServerName): void {
  const finding = find(name);
  if (!finding.found && serversRequired()) {
    test(`${name} is there`, () => {
      expect.fail(`${name} is required, but ${finding.why}`);
    });
    return;
  }
  const why = finding.found ? finding.version : `skipped, ${finding.why}`;
  describe.skipIf(!finding.found)(`${name} (${why})`, () => {
    play(instances(name));
    describe("logging in", () => {
      logins(name);
    });
  });
}

/** Registers tests of behaviour that only this server has. `body` gets the running server. */
export function ownWays(name: ServerName, body: (server: () => RealServer) => void): void {
  describe.skipIf(!find(name).found)(`${name}, in its own way`, () => {
    let server: RealServer;
    beforeAll(async () => {
      server = await CANDIDATES[name].start();
      return () => server.close();
    });
    afterEach(() => server.settled(0));
    body(() => server);
  });
}

/** A way to start a server, and the cells that are played on it. */
export interface Instance {
  readonly title: string;
  readonly start: () => Promise<Server>;
  readonly cells: readonly Cell[];
}

/** Registers the scenario for each cell of each server, and the tests of servers that end. */
export function play(instances: readonly Instance[]): void {
  for (const { start, cells, title: which } of instances) {
    describe(which, () => {
      scenario(start, cells);
    });
  }
  const ends = instances.flatMap(({ start, cells, title: which }) => [
    { start, cells, which, how: "stop" as const },
    { start, cells: cells.filter(isSoonGone), which, how: "kill" as const },
  ]);
  // All at once: a request over BOSH is tried again for fifteen seconds.
  describe.concurrent.each(ends)("$which ends mid-stream by a $how", ({ start, cells, how }) => {
    ending(start, cells, how);
  });
}

/**
 * BOSH asks a killed server again for fifteen seconds. Many loopback servers come and go meanwhile, and one of them may have
 * its port: so the tests of BOSH play that on a virtual clock instead.
 */
const isSoonGone = ({ server, transport }: Cell): boolean =>
  server !== "loopback" || !transport.endsWith("-bind");

/** The cells of a server by the instance that they need. The router of jabberd2 has TLS on all its ports or on none. */
function instances(name: ServerName): readonly Instance[] {
  const cells = cellsOf(name);
  if (name !== "jabberd2") return [{ title: "a server", start: CANDIDATES[name].start, cells }];
  const needsNoTls = (cell: Cell): boolean => !isClient(cell) && cell.door === "off";
  return [
    {
      title: "a server",
      start: startJabberd2,
      cells: cells.filter((cell) => !needsNoTls(cell)),
    },
    {
      title: "a server whose router has no certificate",
      start: () => startJabberd2({ router: "off" }),
      cells: cells.filter(needsNoTls),
    },
  ];
}

/** The steps of a cell. One cell of each server has the long ones too, and one of each dialect the proofs. */
const stepsOf = (cell: Cell): readonly Step[] => [
  ...SCENARIO,
  ADDRESSES,
  ...(hasProofs(cell) ? PROOFS : []),
  ...(hasLongSteps(cell) ? [VOLUME, MANY_FILTERS] : []),
];

/** Registers each step of the scenario for each cell. */
function scenario(start: Instance["start"], cells: readonly Cell[]): void {
  let server: Server;
  let peer: Broker;
  beforeAll(async () => {
    server = await start();
    return () => server.close();
  });
  beforeAll(async () => {
    peer = await connectPeer(server);
    return () => peer.shutdown();
  });

  describe.each(cells.map((cell) => [title(cell), cell] as const))("%s", (_, cell) => {
    let stage: Stage | undefined;
    afterEach(async () => {
      await stage?.clear();
      await server.settled(1);
    });
    test.each(stepsOf(cell).map((step) => [step.title, step] as const))("%s", async (_, step) => {
      stage = new Stage(server, cell, peer);
      await step.play(stage);
    });
  });
}

/** Registers the tests of a server that ends while a broker of each cell waits for an answer. */
function ending(start: Instance["start"], cells: readonly Cell[], how: "stop" | "kill"): void {
  let server: Server;
  const outcomes: { broker: Broker; request: Promise<unknown> }[] = [];
  beforeAll(async () => {
    server = await start();
    return () => server.close();
  });
  beforeAll(async () => {
    const peer = await connectPeer(server);
    const services = cells.filter((cell) => !isClient(cell));
    for (const cell of cells) {
      const stage = new Stage(server, cell, peer);
      const broker = await stage.connected({ service: services.indexOf(cell) });
      // A copy of the broker's own message is no answer, so this request waits until the end.
      const itself = message(address(broker), "still there?");
      const request = broker.request(itself).catch((error: unknown) => error);
      outcomes.push({ broker, request });
    }
    await server[how]();
    await peer.closed;
  });

  test.each(cells.map((cell, index) => [title(cell), cell, index] as const))(
    "%s: closed, and what waited is rejected",
    async (_, cell, index) => {
      const { broker, request } = outcomes[index] ?? {};
      if (broker === undefined) throw new Error("it has not connected");
      const error = await broker.closed;
      expect(error?.retryable).toBe(true);
      expect(lastWordsOf(cell, how)).toContain(
        error instanceof StreamError ? error.condition : error?.code,
      );
      expect(await request).toBe(error);
      expect(broker.pending.size).toBe(0);
      expect(broker.phase).toEqual({ name: "idle" });
      expect(broker.send(xml("message", { to: "nobody.test" })).state).toBe("queued");
      await expect(broker.connect()).rejects.toMatchObject({ code: "CONNECT_FAILED" });
    },
  );
}

/** Registers the ways to log in that are no cell of the matrix. */
function logins(name: ServerName): void {
  let server: RealServer;
  beforeAll(async () => {
    server = await CANDIDATES[name].start();
    return () => server.close();
  });
  afterEach(() => server.settled(0));

  test.each(MECHANISMS[name])("by %s, if only that may be used", async (mechanism) => {
    const options = { password: ACCOUNTS.alice, mechanisms: [mechanism] };
    await using broker = client(server, server.clients.required, options);
    const used: string[] = [];
    broker.on("auth:success", (event) => used.push(event.mechanism));
    await broker.connect();
    expect(used).toEqual([mechanism]);
  });

  test.each(MECHANISMS[name])(
    "by %s, with a name and a password beyond ASCII",
    async (mechanism) => {
      const door = server.clients.required;
      const jid = `жанна@${door.domain}`;
      const options = { jid, password: ACCOUNTS.жанна, mechanisms: [mechanism] };
      await using broker = client(server, door, options);
      expect((await broker.connect()).jid).toMatch(new RegExp(`^${jid}/.`));
    },
  );

  test.each(RESPELT[name])(
    "as $local by $dialect, which the server may spell $account",
    async (row) => {
      const { port, domain } = server.clients.direct;
      const options = { jid: `${row.local}@${domain}/r`, password: ACCOUNTS[row.account] };
      await using broker = new Broker({
        // Prosody has no digests.
        dialect:
          row.dialect === "xmpp"
            ? xmpp(options)
            : legacy({ ...options, plaintext: name === "prosody" }),
        host: "127.0.0.1",
        port,
        tls: { policy: "direct", ca: server.ca },
      });
      await broker.connect();
      expect([row.local, row.account].map((local) => `${local}@${domain}/r`)).toContain(broker.jid);
      expect((await broker.request(ping(options.jid))).attrs.type).toBe("result");
    },
  );

  test("by the strongest that the server has, if nothing is said", async () => {
    await using broker = client(server, server.clients.required, { password: ACCOUNTS.alice });
    const used: string[] = [];
    broker.on("auth:success", (event) => used.push(event.mechanism));
    await broker.connect();
    expect(used).toEqual(MECHANISMS[name].slice(-1));
  });

  test("by ANONYMOUS: the server says who we are", async () => {
    const { domain } = server.anonymous;
    const options = { jid: domain, mechanisms: ["ANONYMOUS"] };
    await using broker = client(server, server.anonymous, options);
    const { jid } = await broker.connect();
    expect(jid).toMatch(new RegExp(`^[^@]+@${domain}/.`));
  });

  test("by EXTERNAL, with a client certificate", async () => {
    const { domain, user, cert, key } = server.external;
    const account = `${user}@${domain}`;
    await using broker = client(
      server,
      server.external,
      // jabberd2 needs the authorization identity.
      {
        jid: account,
        mechanisms: ["EXTERNAL"],
        ...(name === "jabberd2" ? { authzid: account } : {}),
      },
      { tls: { ca: server.ca, cert, key } },
    );
    expect((await broker.connect()).jid).toMatch(new RegExp(`^${account}/.`));
  });

  test.each(REFUSALS)("$dialect, $policy where TLS is $door, ends in $code", async (row) => {
    const cell = { ...row, server: name, protection: "nothing", transport: "tcp" } as const;
    const stage = new Stage(
      server,
      cell,
      client(server, server.clients.required, { password: "unused" }),
    );
    await expect(stage.broker().connect()).rejects.toMatchObject({ code: row.code });
  });

  test("a certificate for another name is refused", async () => {
    const door = server.clients.required;
    const options = { tls: { ca: server.ca, servername: "elsewhere.test" } };
    const broker = client(server, door, { password: ACCOUNTS.alice }, options);
    await expect(broker.connect()).rejects.toMatchObject({ code: "TLS_FAILED" });
  });

  test("a certificate of an unknown authority is refused", async () => {
    const broker = client(
      server,
      server.clients.required,
      { password: "unused" },
      { tls: "required" },
    );
    await expect(broker.connect()).rejects.toMatchObject({ code: "TLS_FAILED" });
  });
}
