import { once } from "node:events";
import type { AddressInfo, Server } from "node:net";
import { createSecureContext } from "node:tls";
import { badOption } from "../../base/check.ts";
import { NS } from "../../xml/namespaces.ts";
import { listen } from "../listen.ts";
import { ConnectionManager } from "./bosh/connection-manager.ts";
import { Connection, type LoopbackPort } from "./connection.ts";
import { type FaultState, Faults, NO_FAULTS } from "./faults.ts";
import type { Host, Protocol } from "./host.ts";
import type { MessageFrames } from "./http/frames.ts";
import { answerBy, closeRequests, listenHttp } from "./http/http-listener.ts";
import { BOSH_PATH, httpRoutes, WEBSOCKET_PATH } from "./http/routes.ts";
import { Sessions } from "./management/sessions.ts";
import { Pressure } from "./pressure.ts";
import { Received, type ReceivedElement } from "./received.ts";
import { Switchboard } from "./routing/switchboard.ts";
import { type LoopbackOptions, type Settings, settle } from "./server-options.ts";
import { refusalOf, StreamRefusal } from "./stream-refusal.ts";
import { clientStream } from "./streams/client-stream.ts";
import { componentStream } from "./streams/component-stream.ts";
import { jabberd2Stream } from "./streams/jabberd2-stream.ts";
import type { WireSocket } from "./wire.ts";

/** The protocol of each port. */
const PORTS = {
  client: { protocol: clientStream, contentNamespace: NS.client, directTls: false },
  clientTls: { protocol: clientStream, contentNamespace: NS.client, directTls: true },
  component: { protocol: componentStream, contentNamespace: NS.component, directTls: false },
  router: { protocol: jabberd2Stream, contentNamespace: NS.jabberd2, directTls: false },
  http: { protocol: clientStream, contentNamespace: NS.client, directTls: false },
  https: { protocol: clientStream, contentNamespace: NS.client, directTls: false },
} as const satisfies Record<LoopbackPort, Service>;

interface Service {
  readonly protocol: Protocol;
  readonly contentNamespace: string;
  readonly directTls: boolean;
}

/** The ports of a `LoopbackServer`, all on 127.0.0.1. With the option `http` there are two for HTTP. */
export type LoopbackPorts = Readonly<Record<Exclude<LoopbackPort, HttpPort>, number>> &
  Readonly<Partial<Record<HttpPort, number | undefined>>>;

type HttpPort = "http" | "https";

/** A connection of a `LoopbackServer`: its port, its phase, its address, and its own faults. */
export type LoopbackConnection = Readonly<
  Pick<Connection, "port" | "phase" | "address" | "faults">
>;

/** How long connections may take to end when the server closes, in milliseconds. */
const GRACE = 250;

/**
 * A small real XMPP server on 127.0.0.1, for tests and demonstrations. It speaks all four dialects,
 * with TLS, authenticates both sides, routes between its clients and components, and fails on demand.
 * It stores nothing, and other machines cannot reach it.
 *
 * @example
 * const server = await LoopbackServer.start({ users: { juliet: "s3cret" } });
 * // connect to 127.0.0.1, server.ports.client, trusting server.ca
 * await server.close();
 */
export class LoopbackServer {
  /** The domain it serves. */
  readonly domain: string;
  /** The certificate (PEM) of the authority that signed the server's: trust it. */
  readonly ca: string;
  /** SHA-256 of the server's public key (SPKI) in base64, for a broker's `tls.pins`. */
  readonly pin: string;
  /** The ports that it listens on. */
  readonly ports: LoopbackPorts;
  /** Faults of the whole server, on demand. */
  readonly faults: Faults;
  readonly #host: Host;
  readonly #faultState: FaultState = { ...NO_FAULTS };
  readonly #pressure = new Pressure();
  readonly #listeners = new Map<LoopbackPort, Server>();
  readonly #connections = new Set<Connection>();
  readonly #served = new Set<Promise<void>>();
  /** The sessions of BOSH outlive a port that listens anew. */
  readonly #managers = new Map<LoopbackPort, ConnectionManager>();
  #closing: Promise<void> | undefined;

  private constructor(settings: Settings, listeners: ReadonlyMap<LoopbackPort, Server>) {
    const { cert, key, ca, pin } = settings.certificate;
    this.domain = settings.domain;
    this.ca = ca;
    this.pin = pin;
    this.#host = {
      settings,
      switchboard: new Switchboard(settings.domain, settings.addresses),
      received: new Received(),
      sessions: new Sessions(),
      context: createSecureContext({ cert, key, minVersion: "TLSv1.2" }),
    };
    this.ports = Object.fromEntries(
      [...listeners].map(([name, listener]) => [name, (listener.address() as AddressInfo).port]),
    ) as unknown as LoopbackPorts;
    for (const [name, listener] of listeners) this.#attach(name, listener);
    this.faults = new Faults(this.#faultState, {
      changed: () => {
        for (const connection of this.#connections) connection.faultsChanged();
      },
      refuse: () => {
        // Not awaited: it settles with the last connection.
        void this.#stopListening();
      },
      accept: async () => {
        await Promise.all([...this.#connections].map(({ faults }) => faults.clear()));
        await this.#listenAgain();
      },
      cut: () => {
        for (const { wire } of this.#connections) wire.destroy();
      },
      inject: (bytes) => {
        for (const connection of this.#connections) connection.inject(bytes);
      },
    });
  }

  /**
   * Starts a server and resolves when it listens. Rejects with `BAD_OPTION`, and with
   * `CONNECT_FAILED` when a port is taken.
   */
  static async start(options: LoopbackOptions = {}): Promise<LoopbackServer> {
    const settings = settle(options);
    const listeners = new Map<LoopbackPort, Server>();
    const names = PORT_NAMES.filter((name) => settings.http || !isHttp(name));
    try {
      for (const [index, name] of names.entries()) {
        const port = settings.port === 0 ? 0 : settings.port + index;
        listeners.set(name, await listenOn(name, port, settings));
      }
    } catch (error) {
      for (const listener of listeners.values()) listener.close();
      throw error;
    }
    return new LoopbackServer(settings, listeners);
  }

  /**
   * The address of its WebSocket, for `websocket`, or of BOSH, for `bosh`: in clear or under TLS. Throws `BAD_OPTION`
   * where the option `http` was not given.
   */
  url(scheme: "ws" | "wss" | "http" | "https"): string {
    const port = scheme.endsWith("s") && scheme !== "ws" ? this.ports.https : this.ports.http;
    if (port === undefined) throw badOption("http", "true, for an address", false);
    return `${scheme}://localhost:${port}${scheme.startsWith("ws") ? WEBSOCKET_PATH : BOSH_PATH}`;
  }

  /** The connections that are there, oldest first. */
  get connections(): readonly LoopbackConnection[] {
    return [...this.#connections];
  }

  /**
   * The elements that clients, components and services have sent since they logged in, oldest first:
   * the last 1,000 of them, of at most 4 MiB.
   */
  get received(): readonly ReceivedElement[] {
    return this.#host.received.elements;
  }

  /**
   * Ends every stream with `<system-shutdown/>` and stops listening; resolves when no socket, timer
   * or listener is left, within half a second. May be called again, from anywhere.
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The same as `close`, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const listeners = [...this.#listeners.values()];
    const closed = this.#stopListening();
    for (const connection of this.#connections) {
      if (connection.wire.mute) connection.wire.destroy();
      else connection.refuse(new StreamRefusal("system-shutdown"), this.domain);
    }
    const timer = setTimeout(() => {
      for (const { wire } of this.#connections) wire.destroy();
      for (const listener of listeners) closeRequests(listener);
    }, GRACE);
    await Promise.all([closed, ...this.#served]);
    clearTimeout(timer);
    this.#host.sessions.close();
  }

  #attach(name: LoopbackPort, listener: Server): void {
    this.#listeners.set(name, listener);
    const begin = (socket: WireSocket, frames?: MessageFrames): void => {
      const served = this.#serve(name, socket, frames).finally(() => {
        this.#served.delete(served);
      });
      this.#served.add(served);
    };
    if (isHttp(name)) {
      const manager = this.#managers.get(name) ?? new ConnectionManager(begin);
      this.#managers.set(name, manager);
      answerBy(listener, httpRoutes(begin, manager));
    } else listener.on("connection", begin);
  }

  /** One connection, from the first byte to the last; never rejects. */
  async #serve(port: LoopbackPort, socket: WireSocket, frames?: MessageFrames): Promise<void> {
    const service = PORTS[port];
    const shared = { faults: this.#faultState, pressure: this.#pressure };
    const connection = new Connection(socket, shared, port, service.contentNamespace, frames);
    this.#connections.add(connection);
    try {
      if (service.directTls) await connection.secure(this.#host.context, true);
      else connection.wire.start();
      await service.protocol(connection, this.#host);
    } catch (thrown) {
      const refusal = refusalOf(thrown);
      if (refusal === undefined) connection.close();
      else connection.refuse(refusal, this.domain);
    }
    await connection.wire.closed;
    this.#connections.delete(connection);
  }

  /** Stops at once; resolves when the connections that are there have ended too. */
  async #stopListening(): Promise<void> {
    const listeners = [...this.#listeners.values()];
    this.#listeners.clear();
    for (const listener of listeners) listener.close();
    await Promise.all(listeners.map((listener) => once(listener, "close")));
  }

  async #listenAgain(): Promise<void> {
    for (const name of PORT_NAMES) {
      const port = this.ports[name];
      if (this.#closing !== undefined || this.#listeners.has(name) || port === undefined) {
        continue;
      }
      this.#attach(name, await listenOn(name, port, this.#host.settings));
    }
  }
}

const PORT_NAMES = Object.keys(PORTS) as readonly LoopbackPort[];

const isHttp = (name: LoopbackPort): boolean => name === "http" || name === "https";

function listenOn(name: LoopbackPort, port: number, { certificate }: Settings): Promise<Server> {
  if (name === "https") return listenHttp(port, certificate);
  return name === "http" ? listenHttp(port) : listen(port);
}
