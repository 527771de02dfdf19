import { nothing } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import { counted } from "../../stream/counter.ts";
import { xml } from "../../xml/element.ts";
import { NS } from "../../xml/namespaces.ts";
import type { AckLine } from "./acks.ts";

/** The server is told at least every so many stanzas that they were handled: servers bound what is not. */
export const ACK_EVERY = 50;

/** How soon the server is told in any case, in milliseconds. */
export const ACK_WAIT = 1_000;

/** How many answers may wait to be taken by the system: a server that asks on and on and does not read gets no more. */
export const MOST_WAITING = 100;

/**
 * Tells the server how many of its stanzas were handled (XEP-0198, 4): when it asks, after so many, and when it is idle.
 *
 *     S: <message/><r/>
 *     C: <a h='1'/>
 */
export class HandledCount {
  readonly #clock: Clock;
  readonly #line: Pick<AckLine, "handled" | "handed" | "unsent" | "nonza">;
  /** The last number that it was told. */
  #told = 0;
  #stopTimer: (() => void) | undefined;
  /** The answers that the system had not taken with the last one, and the place of that one. */
  #waiting = 0;
  #place = 0;
  /** True if the server has asked since, and is still to be answered. */
  #owes = false;

  constructor(clock: Clock, line: Pick<AckLine, "handled" | "handed" | "unsent" | "nonza">) {
    this.#clock = clock;
    this.#line = line;
  }

  /** A stanza has just arrived, and is still to be taken in. */
  arrived(): void {
    const before = this.#line.handled - 1;
    if (before - this.#told >= ACK_EVERY) this.#tell(before);
    else this.#stopTimer ??= this.#clock.after(ACK_WAIT, this.#tick);
  }

  /** The server asks. */
  asked(): void {
    const line = this.#line;
    if (line.handed - line.unsent >= this.#place) this.#waiting = 0;
    this.#owes = this.#waiting >= MOST_WAITING;
    if (this.#owes) return;
    this.#tell(line.handled);
    this.#waiting++;
    this.#place = line.handed;
  }

  /** The system has taken more: one answer serves all questions that it is still owed to. */
  taken(): void {
    if (this.#owes) this.asked();
  }

  /** Tells now, if there is anything to tell. */
  tell(): void {
    if (this.#line.handled > this.#told) this.#tell(this.#line.handled);
  }

  /** The link is gone. */
  suspend(): void {
    this.#stopTimer?.();
    this.#stopTimer = undefined;
    this.#waiting = this.#place = 0;
    this.#owes = false;
  }

  /** Another link carries the session: its login has told the number, and the answer to a ping comes behind. */
  resumed(): void {
    this.#told = this.#line.handled;
    this.#stopTimer ??= this.#clock.after(ACK_WAIT, this.#tick);
  }

  /** The session is over. */
  end(): void {
    this.#stopTimer?.();
    this.#stopTimer = nothing;
  }

  /** A number that goes back ends a session (measured on Prosody). */
  #tell(handled: number): void {
    const h = Math.max(handled, this.#told);
    const ack = xml("a", { xmlns: NS.streamManagement, h: String(counted(h)) });
    if (this.#line.nonza(ack)) this.#told = h;
  }

  readonly #tick = (): void => {
    this.#stopTimer = undefined;
    this.tell();
  };
}
