import type { Jid } from "../../../jid/jid.ts";
import { counted, type Progress, readCount } from "../../../stream/counter.ts";
import { type Element, xml } from "../../../xml/element.ts";
import { NS } from "../../../xml/namespaces.ts";
import type { StreamParser } from "../../../xml/read/stream-parser.ts";
import type { Connection } from "../connection.ts";
import type { ClientParty, Switchboard } from "../routing/switchboard.ts";
import { StreamRefusal } from "../stream-refusal.ts";
import type { Habits } from "./habits.ts";
import { Unacked } from "./unacked.ts";

/** The things around a client. */
export interface ClientParts {
  readonly switchboard: Switchboard;
  /** The client is over. `expired` is true if its session was not resumed in time. */
  ended(client: Client, expired: boolean): void;
}

/** The counters of a client that has enabled stream management. */
interface Managed {
  /** The id to resume the session with; `undefined`: it cannot be resumed. */
  readonly id: string | undefined;
  readonly habits: Habits;
  readonly unacked: Unacked;
  /** How many stanzas of the client's were handled. */
  handled: number;
  /** True while an `<r/>` waits for its `<a/>`. */
  isAsked: boolean;
}

type State =
  | { readonly name: "live"; readonly connection: Connection }
  | { readonly name: "waiting"; readonly parser: StreamParser; readonly timer: NodeJS.Timeout }
  | { readonly name: "over" };

/**
 * A client with a bound resource. With stream management (XEP-0198) its session may outlive the connection: it
 * waits for the next one, and what is sent to it waits too.
 */
export class Client implements ClientParty {
  readonly jid: Jid;
  presence: ClientParty["presence"];
  readonly #parts: ClientParts;
  #state: State;
  #managed: Managed | undefined;

  constructor(jid: Jid, connection: Connection, parts: ClientParts) {
    this.jid = jid;
    this.#parts = parts;
    this.#state = { name: "live", connection };
  }

  get isWaiting(): boolean {
    return this.#state.name === "waiting";
  }

  get isManaged(): boolean {
    return this.#managed !== undefined;
  }

  /** The id of the session, where it can be resumed. */
  get id(): string | undefined {
    return this.#managed?.id;
  }

  /** How many stanzas of the client's were handled since stream management was enabled. */
  get handled(): number {
    return this.#managed?.handled ?? 0;
  }

  /** Stanzas count from now on, in both directions. */
  enable(habits: Habits, id: string | undefined): void {
    this.#managed = { id, habits, unacked: new Unacked(), handled: 0, isAsked: false };
  }

  /** Counts a stanza of the client's. */
  count(): void {
    if (this.#managed !== undefined) this.#managed.handled = counted(this.#managed.handled, 1);
  }

  /** Sends a stanza, or keeps it until the session is resumed. */
  deliver(stanza: Element): void {
    this.#managed?.unacked.push(stanza);
    this.#send(stanza);
    if (this.#managed === undefined) return;
    this.#ask(this.#managed);
    if (this.#managed.unacked.size > this.#managed.habits.limit) this.#overflow(this.#managed);
  }

  /**
   * Takes the client's `h`. Ends in a `StreamRefusal` for one that is no number or too high, and for one that goes
   * back, where that is the habit.
   */
  acknowledge(text: string | undefined): void {
    if (this.#managed === undefined) throw new StreamRefusal("unsupported-stanza-type");
    const { unacked, habits } = this.#managed;
    const h = readCount(text);
    if (h === undefined) throw new StreamRefusal("invalid-xml", "Missing or invalid 'h' attribute");
    this.#managed.isAsked = false;
    if (!isAccepted(unacked.acknowledge(h), habits)) throw wrongCount();
  }

  /**
   * The session goes on over another connection: what is unacknowledged is sent again. The connection before, if
   * it is still there, ends. False if the session cannot go on, and is over.
   */
  resume(connection: Connection, h: number): boolean {
    if (this.#managed === undefined) return false;
    const { id, unacked, habits } = this.#managed;
    const isKnown = isAccepted(unacked.acknowledge(h), habits);
    const parser = this.#leaveConnection(habits);
    if (!isKnown || !unacked.isWhole) {
      this.#end(false);
      return false;
    }
    this.#state = { name: "live", connection };
    connection.address = this.jid.full;
    const own = String(this.#managed.handled);
    connection.send(xml("resumed", { xmlns: NS.streamManagement, previd: id, h: own }));
    for (const stanza of unacked.again(this.#parts.switchboard.domain)) connection.send(stanza);
    this.#managed.isAsked = false;
    if (unacked.size > 0) this.#ask(this.#managed);
    if (habits.keepsParser && parser !== undefined) connection.swapParser(parser);
    return true;
  }

  /** A connection has ended. If no side had closed the stream (`isLost`), the session may wait. */
  left(connection: Connection, isLost: boolean): void {
    if (this.#state.name !== "live" || this.#state.connection !== connection) return;
    if (!isLost || this.#managed?.id === undefined) {
      this.#end(false);
      return;
    }
    const timer = setTimeout(() => {
      this.#end(true);
    }, this.#managed.habits.window);
    this.#state = { name: "waiting", parser: connection.swapParser(), timer: timer.unref() };
  }

  replace(): void {
    if (this.#state.name === "live") {
      const refusal = new StreamRefusal("conflict", "Replaced by a new connection");
      this.#state.connection.refuse(refusal, this.#parts.switchboard.domain);
    } else this.end();
  }

  /** Ends a session that waits. */
  end(): void {
    this.#end(false);
  }

  #send(element: Element): void {
    if (this.#state.name === "live") this.#state.connection.send(element);
  }

  /** Asks for an `<a/>`, unless an `<r/>` is open. */
  #ask(managed: Managed): void {
    if (!managed.habits.asks || managed.isAsked || this.#state.name !== "live") return;
    managed.isAsked = true;
    this.#send(xml("r", { xmlns: NS.streamManagement }));
  }

  /** More stanzas are unacknowledged than the server keeps. */
  #overflow({ habits, unacked }: Managed): void {
    if (habits.beyond === "forget") unacked.forgetOldest();
    else if (this.#state.name === "live") {
      const refusal = new StreamRefusal("policy-violation", "Too many unacked stanzas");
      this.#state.connection.refuse(refusal, this.#parts.switchboard.domain);
    } else this.end();
  }

  /** Ends the connection that is still there, and stops the window. Returns the parser of the connection. */
  #leaveConnection(habits: Habits): StreamParser | undefined {
    if (this.#state.name === "live") {
      const { connection } = this.#state;
      const parser = connection.swapParser();
      connection.close({ abruptly: habits.abrupt });
      return parser;
    }
    if (this.#state.name !== "waiting") return undefined;
    clearTimeout(this.#state.timer);
    return this.#state.parser;
  }

  /** Others hear that the client is gone, and get back what it has not acknowledged. */
  #end(expired: boolean): void {
    if (this.#state.name === "over") return;
    if (this.#state.name === "waiting") clearTimeout(this.#state.timer);
    this.#state = { name: "over" };
    const { switchboard } = this.#parts;
    const isRebound = switchboard.client(this.jid) !== this;
    switchboard.leave(this);
    this.#parts.ended(this, expired);
    if (this.#managed === undefined) return;
    const redelivers = isRebound && this.#managed.habits.rebound === "redeliver";
    for (const stanza of this.#managed.unacked.takeAll()) {
      if (redelivers) switchboard.send(stanza);
      else switchboard.bounce(stanza, "service-unavailable");
    }
  }
}

/** True if the server goes on after an `h`. */
const isAccepted = ({ kind }: Progress, { goingBack }: Habits): boolean =>
  kind === "handled" || (kind === "gone-back" && goingBack === "ignore");

/** The stream error for an `h` that cannot be (XEP-0198, 4). Neither server says `<handled-count-too-high/>`. */
export const wrongCount = (): StreamRefusal =>
  new StreamRefusal("undefined-condition", "Client acknowledged more stanzas than sent by server");
