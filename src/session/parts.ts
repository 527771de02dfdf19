import type { Clock } from "../base/clock.ts";
import type { Crypto } from "../base/crypto/crypto.ts";
import type { Instruments } from "../contract/instruments.ts";
import type { Dialect } from "../dialect/dialect.ts";
import type { Management } from "../negotiate/login.ts";
import type { ElementWriter, StreamContext } from "../stream/framing.ts";
import type { Element } from "../xml/element.ts";
import type { AcksFactory } from "./acks/acks.ts";
import type { Requests } from "./requests/requests.ts";

/** The way in above a session: the inbox. */
export interface WayIn {
  /** A stanza arrived that answers nothing of ours. False if it was not taken in: the broker shuts down. */
  arrived(stanza: Element, route: Element | undefined): boolean;
  /** The session awaits an answer of its own from now on, or no more: whether to read depends on it. */
  regulate(): void;
}

/** The way out above a session: the outbox. */
export interface WayOut {
  /** The system has taken something: more can go. */
  drain(): void;
}

/** The parts of a session. */
export interface SessionParts {
  readonly jid: string;
  readonly dialect: Dialect;
  /** The declarations above a stanza on the stream. */
  readonly context: StreamContext;
  readonly writeElement: ElementWriter;
  readonly crypto: Pick<Crypto, "random">;
  readonly clock: Clock;
  readonly instruments: Instruments;
  readonly acks: AcksFactory;
  /** How many of the server's stanzas were handled before: 0, but for a session that was detached. */
  readonly handled: number;
  /** The stream management of its login, where there is any. */
  readonly management: Management | undefined;
  readonly requests: Requests;
  readonly inbox: WayIn;
  readonly outbox: WayOut;
}
