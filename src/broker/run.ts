import { type Deferred, deferred, type Outcome } from "../base/deferred.ts";
import { BrokerError } from "../base/errors.ts";
import type { BrokerEvents, Ready } from "../contract/events.ts";
import type { Phase } from "../contract/phase.ts";
import { KeepAlive, type KeepAlivePort } from "../link/keep-alive.ts";
import { Connection, type ConnectionParts, type ConnectionPort } from "../link/link.ts";
import type { Tapped } from "../stream/stream.ts";
import type { Traffic } from "../traffic/traffic.ts";
import type { Element } from "../xml/element.ts";

/** What a run tells the lifecycle that it is part of. */
export interface RunOwner {
  readonly traffic: Traffic;
  /** The run in force. */
  readonly run: Run | undefined;
  emit<E extends keyof BrokerEvents>(event: E, payload: BrokerEvents[E]): void;
  /** Goes on to another phase. */
  change(to: Phase): void;
  /** For the trace: what goes over the wire; `wire`: how it looks there. */
  tap(direction: "in" | "out", what: Tapped, wire?: string): void;
  /** It is logged in. */
  becomeReady(run: Run, jid: string): void;
  /** Its stream is over. */
  ended(run: Run, error: BrokerError | undefined): void;
  /** Its connection is gone. */
  gone(run: Run): void;
}

/** One run of the broker, from `connect` to the end of its connection. */
export class Run implements ConnectionPort, KeepAlivePort {
  readonly connection: Connection;
  /** Settled last of all, with `error`. */
  readonly closed: Outcome<BrokerError>;
  readonly #owner: RunOwner;
  /** Resolves once the broker is ready. */
  readonly ready: Promise<Ready>;
  /** Its other end, until the run has begun. */
  #untold: Deferred<Ready> | undefined;
  jid: string | undefined;
  /** Why it ended, if it was not we who wanted it. */
  error: BrokerError | undefined;
  /** Its shutdown, once that has begun. */
  closing: Promise<undefined> | undefined;
  #keepAlive: KeepAlive | undefined;

  constructor(owner: RunOwner, closed: Outcome<BrokerError>, parts: Omit<ConnectionParts, "port">) {
    const { settings, key, destination, connect, runtime, context } = parts;
    this.#owner = owner;
    this.closed = closed;
    this.#untold = deferred();
    this.ready = this.#untold.promise;
    // Written out, since each object that others are spread into has a shape of its own, which weighs more.
    this.connection = new Connection({
      settings,
      key,
      destination,
      connect,
      runtime,
      context,
      port: this,
    });
  }

  /** Connects and logs in. */
  begin(): void {
    const { connection } = this;
    const ready = this.#untold;
    this.#untold = undefined;
    if (ready === undefined) return;
    connection.negotiate().then((jid) => {
      // Somebody may have ended it between the last step and this one.
      if (connection.isOver()) ready.reject(new BrokerError("ABORTED", "the broker was shut down"));
      else {
        ready.resolve({ jid, resumed: false });
        this.jid = jid;
        this.#owner.becomeReady(this, jid);
      }
    }, ready.reject);
  }

  /** From now on an idle stream is probed, and ended with `SOCKET_DEAD` when nothing comes back. */
  keepAlive(settings: { readonly interval: number; readonly timeout: number }): void {
    this.#keepAlive = new KeepAlive(settings, this);
  }

  emit<E extends keyof BrokerEvents>(event: E, payload: BrokerEvents[E]): void {
    // Who was halted has no more to tell, least of all in the midst of the next run.
    if (this.#owner.run === this) this.#owner.emit(event, payload);
  }

  phase(to: Phase): void {
    if (this.#owner.run === this) this.#owner.change(to);
  }

  received(element: Element): void {
    this.#owner.traffic.inbox.received(element);
  }

  alive(): void {
    this.#keepAlive?.alive();
  }

  ended(error: BrokerError | undefined): void {
    this.#keepAlive?.stop();
    this.#owner.ended(this, error);
  }

  closedConnection(): void {
    this.#owner.gone(this);
  }

  tap(direction: "in" | "out", what: Tapped, wire?: string): void {
    this.#owner.tap(direction, what, wire);
  }

  probe(): void {
    if (this.jid !== undefined) this.#owner.traffic.inbox.probe(this.jid);
  }

  dead(timeout: number): void {
    const detail = `nothing came for ${timeout} ms after a probe`;
    this.connection.destroy(new BrokerError("SOCKET_DEAD", detail, { retryable: true }));
  }
}
