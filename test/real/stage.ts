import {
  Broker,
  type BrokerOptions,
  bosh,
  component,
  type Dialect,
  type Element,
  jabberd2,
  legacy,
  websocket,
  xml,
  xmpp,
} from "../../src/node.ts";
import {
  ACCOUNTS,
  COMPONENT_SECRET,
  type Door,
  ROUTER_USER,
  SERVICE_DOMAINS,
  type Server,
} from "../servers/server.ts";
import { trusting } from "../trusting-fetch.ts";
import { type Cell, isClient } from "./cells.ts";

/** Options of a broker, beside those that its cell determines. */
export type Casting = Omit<Partial<BrokerOptions>, "dialect" | "host" | "port" | "tls"> & {
  /** The resource of a client. The default is a random one. */
  readonly resource?: string;
  /** The number of the service domain that a component takes. The default is the first. */
  readonly service?: number;
  /** Another password than the right one. */
  readonly password?: string;
};

/**
 * The scene of one test: a server, a cell, and a peer. The peer is a client of the same server that sends nothing by
 * itself. `clear` shuts down the brokers that were made here.
 */
export class Stage {
  readonly server: Server;
  readonly cell: Cell;
  readonly peer: Broker;
  readonly #brokers: Broker[] = [];

  constructor(server: Server, cell: Cell, peer: Broker) {
    this.server = server;
    this.cell = cell;
    this.peer = peer;
  }

  /** Makes the broker of the cell, not yet connected. */
  broker(casting: Casting = {}): Broker {
    const { resource, service, password, ...options } = casting;
    const broker = new Broker({
      ...options,
      ...reach(this.cell, this.server),
      dialect: dialectOf(this.cell, this.server, { resource, service, password }),
      keepAlive: false,
    });
    this.#brokers.push(broker);
    return broker;
  }

  /** Makes the broker, and connects it. A client also sends its presence. */
  async connected(casting: Casting = {}): Promise<Broker> {
    const broker = this.broker(casting);
    await broker.connect();
    if (isClient(this.cell)) broker.send(xml("presence"));
    return broker;
  }

  /** Makes a chat message to the peer. */
  toPeer(text: string, id?: string): Element {
    return message(address(this.peer), text, id);
  }

  /** Shuts down all brokers of the test. */
  async clear(): Promise<void> {
    await Promise.all(this.#brokers.splice(0).map((broker) => broker.shutdown()));
  }
}

export const message = (to: string, text: string, id?: string): Element =>
  xml("message", { to, type: "chat", id }, xml("body", {}, text));

/** Makes a request that every server and every broker answers. */
export const ping = (to: string): Element =>
  xml("iq", { to, type: "get" }, xml("ping", { xmlns: "urn:xmpp:ping" }));

/** Makes a request that only a responder of the test answers. */
export const question = (to: string): Element =>
  xml("iq", { to, type: "get" }, xml("query", { xmlns: "urn:example:question" }));

/** The address of a broker that is ready. */
export function address(broker: Broker): string {
  if (broker.jid === undefined) throw new Error("the broker is not ready");
  return broker.jid;
}

/** Makes a client for tests outside the matrix. */
export function client(
  server: Server,
  door: Door,
  options: Omit<Parameters<typeof xmpp>[0], "jid"> & { jid?: string },
  more: Omit<Partial<BrokerOptions>, "dialect"> = {},
): Broker {
  return new Broker({
    dialect: xmpp({ jid: `alice@${door.domain}`, ...options }),
    host: "127.0.0.1",
    port: door.port,
    tls: { ca: server.ca },
    ...more,
  });
}

/** Connects the peer of a server's tests: a client that does not answer requests. */
export async function connectPeer(server: Server): Promise<Broker> {
  const door = server.clients.direct;
  const jid = `bob@${door.domain}/peer`;
  const tls = { policy: "direct", ca: server.ca } as const;
  const options = { unhandled: "ignore", keepAlive: false, tls } as const;
  const peer = client(server, door, { jid, password: ACCOUNTS.bob }, options);
  await peer.connect();
  peer.send(xml("presence"));
  return peer;
}

/** How the broker of a cell reaches its server. */
function reach({ dialect, door, policy, transport }: Cell, server: Server) {
  if (transport === "http-bind" || transport === "https-bind") {
    const url = server.bosh?.[transport] ?? "";
    // Node's own `fetch` trusts no authority of a test's.
    const fetch = transport === "https-bind" ? trusting(server.ca) : undefined;
    return { transport: bosh({ url, fetch }), tls: policy } as const;
  }
  if (transport !== "tcp") {
    const url = server.webSockets[transport];
    return { transport: websocket(url), tls: { policy, ca: server.ca } } as const;
  }
  const port = {
    xmpp: server.clients[door].port,
    legacy: server.clients[door].port,
    component: server.components[door],
    jabberd2: server.routers[door],
  }[dialect];
  if (port === undefined) throw new Error(`${server.name} has no such door: ${dialect}, ${door}`);
  return { host: "127.0.0.1", port, tls: { policy, ca: server.ca } } as const;
}

function dialectOf(
  cell: Cell,
  server: Server,
  given: {
    resource: string | undefined;
    service: number | undefined;
    password: string | undefined;
  },
): Dialect {
  const { domain } = server.clients[cell.door];
  const jid = `alice@${domain}${given.resource === undefined ? "" : `/${given.resource}`}`;
  const service = SERVICE_DOMAINS[given.service ?? 0] ?? "";
  switch (cell.dialect) {
    case "xmpp":
      return xmpp({ jid, password: given.password ?? ACCOUNTS.alice });
    case "legacy":
      // Prosody has no digests.
      return legacy({
        jid,
        password: given.password ?? ACCOUNTS.alice,
        plaintext: cell.server === "prosody",
      });
    case "component":
      return component({ domain: service, secret: given.password ?? COMPONENT_SECRET });
    case "jabberd2":
      return jabberd2({
        domain: "router.test",
        username: ROUTER_USER.username,
        password: given.password ?? ROUTER_USER.password,
        bind: { names: [`routed.${service}`] },
      });
  }
}
