import { randomInt } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, type Server, type Socket } from "node:net";
import { host, knownOptions, oneOf, record, wholeNumber } from "../../base/check.ts";
import { type Deferred, deferred } from "../../base/deferred.ts";
import { BrokerError } from "../../base/errors.ts";
import { type Needs, needed, optional, settleOptions, type Takes } from "../../base/option.ts";
import { listen } from "../listen.ts";
import { CutFinder } from "./cut-finder.ts";
import { type CutPlace, stagesOf } from "./cut-place.ts";
import { type ArmedCut, type CutMode, cutModes, RelayedConnection } from "./relayed-connection.ts";
import { seededRandom } from "./seeded-random.ts";

/** The options of a relay. A new one is one row here, and one in `docs/testing.md`. */
const RELAY = {
  needs: {
    /** The server to connect to, for each client that comes. */
    to: needed<RelayTarget>(readTarget),
  },
  takes: {
    /** The seed of all random places: the same seed cuts at the same ones. Default: a random one, `relay.seed`. */
    seed: optional((name, value) => wholeNumber(name, value, 0, 2 ** 32 - 1)),
  },
};

/** The names of all options. */
export const relayOptionNames: readonly string[] = [
  ...Object.keys(RELAY.needs),
  ...Object.keys(RELAY.takes),
];

/** Where a relay connects to. */
export interface RelayTarget {
  /** A name, or an IP address. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** The TCP port. */
  readonly port: number;
}

/** How a `CuttingRelay` is made. A value that cannot be used ends in `BAD_OPTION`. */
export interface RelayOptions extends Needs<typeof RELAY.needs>, Takes<typeof RELAY.takes> {}

/** A cut that has happened. */
export interface CutReport {
  /** How. */
  readonly mode: CutMode;
  /** How many connections were cut. */
  readonly connections: number;
  /** The bytes that had passed on them from the clients to the server. */
  readonly up: number;
  /** The bytes that had passed on them from the server to the clients. */
  readonly down: number;
}

/** How long connections may take to end when the relay closes, in milliseconds. */
const GRACE = 250;

/** Connections at once; beyond it the oldest that was cut is dropped, or else the new one. */
const MOST = 256;

/**
 * A TCP relay between a program and a server that cuts connections: at once, at a byte, at a moment
 * of the login, inside a tag. It listens on 127.0.0.1 and passes bytes as they are until then; new
 * connections after a cut are passed on too. It does not look into TLS.
 *
 * @example
 * const relay = await CuttingRelay.start({ to: { port: server.ports.client }, seed: 1 });
 * const cut = relay.cut("reset", { at: "bind" });   // of the connection that gets there first
 * // connect to 127.0.0.1, relay.port
 * await cut;
 * await relay.close();
 */
export class CuttingRelay {
  /** The port that the relay listens on, on 127.0.0.1. */
  readonly port: number;
  /** The seed in force: give it to the next run to cut at the same places. */
  readonly seed: number;
  readonly #to: RelayTarget;
  readonly #random: (below: number) => number;
  readonly #connections = new Set<RelayedConnection>();
  readonly #armed = new Map<ArmedCut, Deferred<CutReport>>();
  #listener: Server | undefined;
  /** Settles when the listener that was closed last has ended, which its connections hold up. */
  #refused: Promise<unknown> = Promise.resolve();
  #accepted = 0;
  #closing: Promise<void> | undefined;

  private constructor(to: RelayTarget, seed: number, listener: Server) {
    this.#to = to;
    this.seed = seed;
    this.#random = seededRandom(seed);
    this.port = (listener.address() as AddressInfo).port;
    this.#attach(listener);
  }

  /** Starts a relay and resolves when it listens. Rejects with `BAD_OPTION`. */
  static async start(options: RelayOptions): Promise<CuttingRelay> {
    const { to, seed } = settleOptions("CuttingRelay", RELAY, options);
    return new CuttingRelay(to, seed ?? randomInt(2 ** 32), await listen(0, true));
  }

  /** How many connections have been accepted. */
  get accepted(): number {
    return this.#accepted;
  }

  /** How many bytes have passed, on the connections that are there. A rehearsal tells where to cut. */
  get passed(): { readonly up: number; readonly down: number } {
    return sum(this.#connections);
  }

  /**
   * Cuts all connections that are there, now; or, with `at`, the first one that gets to that place,
   * present or future. Resolves when it has happened. Several cuts may wait for their places. Rejects
   * with `ABORTED` when the relay is closed before, and with `BAD_OPTION` for a mode, a place or an option that is none.
   */
  cut(mode: CutMode, options: { readonly at?: CutPlace | undefined } = {}): Promise<CutReport> {
    const happened = deferred<CutReport>();
    // A cut that is not waited for must not end the process.
    happened.promise.catch(() => undefined);
    try {
      oneOf("mode", mode, cutModes);
      const { at } = knownOptions("cut", options, ["at"]);
      if (at === undefined) happened.resolve(this.#cutNow(mode));
      else this.#arm(mode, at, happened);
    } catch (error) {
      happened.reject(error);
    }
    return happened.promise;
  }

  /** Ends the stalls: the bytes that were held back go on, in order. */
  release(): void {
    for (const connection of this.#connections) connection.release();
  }

  /** Refuses new connections from now on, so that a program cannot come back; those that are there stay. */
  refuse(): void {
    if (this.#listener === undefined) return;
    this.#refused = once(this.#listener, "close");
    this.#listener.close();
    this.#listener = undefined;
  }

  /** Accepts connections again, on the same port. Rejects with `CONNECT_FAILED` if it has been taken meanwhile. */
  async accept(): Promise<void> {
    if (this.#listener !== undefined || this.#closing !== undefined) return;
    this.#attach(await listen(this.port, true));
  }

  /** Ends all connections and stops listening; resolves when no socket is left. May be called again. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** The same as `close`, at the end of an `await using` block. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    this.refuse();
    for (const [cut, { reject }] of [...this.#armed]) {
      this.#disarm(cut);
      reject(new BrokerError("ABORTED", "the relay was closed"));
    }
    for (const connection of this.#connections) connection.cut("fin");
    const timer = setTimeout(() => {
      for (const connection of this.#connections) connection.destroy();
    }, GRACE);
    await Promise.all([this.#refused, ...[...this.#connections].map(({ closed }) => closed)]);
    clearTimeout(timer);
  }

  #attach(listener: Server): void {
    this.#listener = listener;
    listener.on("connection", (client) => {
      this.#relay(client);
    });
  }

  #relay(client: Socket): void {
    this.#accepted++;
    if (this.#connections.size >= MOST) {
      const dead = [...this.#connections].find(({ flows }) => !flows);
      if (dead === undefined) {
        client.destroy();
        return;
      }
      dead.destroy();
    }
    const { host = "127.0.0.1", port } = this.#to;
    const server = connect({ host, port, allowHalfOpen: true });
    const connection = new RelayedConnection(this.#accepted, client, server, this.#armed.keys());
    this.#connections.add(connection);
    void connection.closed.then(() => this.#connections.delete(connection));
  }

  #cutNow(mode: CutMode): CutReport {
    const cut = [...this.#connections].filter(({ isCuttable }) => isCuttable);
    for (const connection of cut) connection.cut(mode);
    return { mode, connections: cut.length, ...sum(cut) };
  }

  #arm(mode: CutMode, at: CutPlace, happened: Deferred<CutReport>): void {
    const stages = stagesOf(at);
    // A seed for each cut, in the order of the calls, and from it one for each connection.
    const seed = this.#random(2 ** 32);
    const armed: ArmedCut = {
      mode,
      finder: (number) => new CutFinder(stages, seededRandom(seed + number)),
      happened: (connection) => {
        this.#disarm(armed);
        happened.resolve({ mode, connections: 1, ...connection.passed });
      },
    };
    this.#armed.set(armed, happened);
    for (const connection of this.#connections) connection.arm(armed);
  }

  #disarm(cut: ArmedCut): void {
    this.#armed.delete(cut);
    for (const connection of this.#connections) connection.disarm(cut);
  }
}

function readTarget(option: string, value: unknown): RelayTarget {
  const given = record(option, value);
  return {
    host: given.host === undefined ? undefined : host(`${option}.host`, given.host),
    port: wholeNumber(`${option}.port`, given.port, 1, 65_535),
  };
}

function sum(connections: Iterable<RelayedConnection>): { up: number; down: number } {
  const total = { up: 0, down: 0 };
  for (const { passed } of connections) {
    total.up += passed.up;
    total.down += passed.down;
  }
  return total;
}
