import { nothing } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import { BrokerError } from "../../base/errors.ts";
import { type Steps, step } from "../../base/state.ts";
import { utf8Length } from "../../base/text/utf8.ts";
import { nextTurn } from "../../transport/turn.ts";
import type { XmlLimits } from "../../xml/limits.ts";
import type { HeaderAttributes } from "../framing.ts";
import { asChild, bodyAttributes, bodyText, type ReceivedBody } from "./body.ts";
import { Outgoing } from "./outgoing.ts";
import { pollAt } from "./polling.ts";
import type { Fetch } from "./post.ts";
import { type Purpose, type Request, Requests } from "./requests.ts";
import { LAST_RID, type Terms, termsOf, WISHES } from "./terms.ts";

/** The life of a session: not asked for, asked for, open, saying goodbye, over, and its owner told so. */
export type SessionState = "new" | "creating" | "open" | "closing" | "over" | "gone";

const STEPS: Steps<SessionState> = {
  new: ["creating", "gone"],
  creating: ["open", "over", "gone"],
  open: ["closing", "over", "gone"],
  closing: ["over", "gone"],
  over: ["gone"],
  gone: [],
};

/** The owner of a session: a channel. */
export interface SessionOwner {
  /** The limits on what arrives. */
  readonly limits: XmlLimits;
  /** The bytes that have arrived and are not read yet. */
  readonly unread: number;
  /** A request is about to leave; elements written from inside go with it. */
  leaving(): void;
  /** The server has the elements up to a total of bytes. */
  taken(total: number): void;
  /** A body has come, in answer to a request for this purpose. */
  answered(purpose: Purpose, body: ReceivedBody): void;
  /** The session is over and all is told. Called once. */
  gone(error: BrokerError | undefined): void;
}

/** Where a session leads, and how. */
export interface SessionParts {
  /** Where requests go. */
  readonly url: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
  /** The first `rid`. */
  readonly rid: number;
}

/** A session with a connection manager (XEP-0124): what is sent when, and for how long. */
export class BoshSession {
  readonly #clock: Clock;
  readonly #owner: SessionOwner;
  readonly #requests: Requests;
  readonly #outgoing = new Outgoing();
  #state: SessionState = "new";
  #header: HeaderAttributes = {};
  /** The terms, once the server has answered. */
  #terms: Terms | undefined;
  #rid: number;
  /** Bytes that were written, that have left in requests, and that the server has. */
  handed = 0;
  #left = 0;
  taken = 0;
  #isScheduled = false;
  #stopTimer = nothing;
  #isWanted = false;
  /** True if nothing follows what is written. */
  #isFinished = false;
  /** The last request that was answered. */
  #last: { readonly purpose: Purpose; readonly body: ReceivedBody } | undefined;
  #sentAt = 0;
  #answeredAt = 0;

  constructor(parts: SessionParts, owner: SessionOwner) {
    this.#clock = parts.clock;
    this.#rid = parts.rid;
    this.#owner = owner;
    this.#requests = new Requests(parts, this);
  }

  /** Where the session is in its life. */
  get state(): SessionState {
    return this.#state;
  }

  /** The limits on what arrives. */
  get limits(): XmlLimits {
    return this.#owner.limits;
  }

  /** True if the server reads our goodbye, or has read it. */
  get isTerminating(): boolean {
    return this.#state === "closing";
  }

  /** Asks for a session, or restarts its stream. */
  open(attributes: HeaderAttributes): void {
    if (this.#state === "new") {
      this.#header = attributes;
      this.#to("creating");
    } else this.#outgoing.restart(attributes);
    this.#schedule();
  }

  /** Sends the text of an element at the end of this turn. */
  write(text: string): void {
    if (this.#outgoing.isClosed) return;
    const child = asChild(text);
    const length = utf8Length(child);
    this.handed += length;
    this.#outgoing.push(child, length);
    this.#schedule();
  }

  /** Ends the session behind what is written. */
  close(): void {
    this.#outgoing.close();
    this.#schedule();
  }

  /** Ends the session if it is open, and is gone after that. */
  finish(): void {
    this.#isFinished = true;
    if (this.#state === "over" || this.#state === "new") this.leave(undefined);
    else this.close();
  }

  /** True: elements of the server's are waited for, so a request must lie there. */
  want(isWanted: boolean): void {
    this.#isWanted = isWanted;
    this.#arm();
  }

  /** The server has ended the session: nothing is sent any more. */
  end(): void {
    if (this.#state === "gone") return;
    if (this.#state !== "over") this.#to("over");
    this.#stopTimer();
    this.#requests.abort();
  }

  /** Gives everything up. */
  leave(error: BrokerError | undefined): void {
    if (this.#state === "gone") return;
    this.#to("gone");
    this.#stopTimer();
    this.#requests.abort();
    nextTurn(() => {
      this.#owner.gone(error);
    });
  }

  // Events of the requests.

  answered({ purpose, handed }: Request, body: ReceivedBody): void {
    this.#last = { purpose, body };
    this.#answeredAt = this.#clock.now();
    if (purpose === "create") this.#created(body);
    this.#take(Math.max(handed, this.#acknowledged(body)));
    this.#owner.answered(purpose, body);
    if (this.#isFinished && this.#state === "over") this.leave(undefined);
    this.#schedule();
    this.#arm();
  }

  failed({ purpose }: Request, error: BrokerError): void {
    // The server has heard our goodbye, or will forget us by itself.
    this.leave(purpose === "terminate" ? undefined : error);
  }

  #created(body: ReceivedBody): void {
    this.#terms = termsOf(body.attributes);
    this.#to(this.#terms === undefined ? "over" : "open");
    if (this.#terms !== undefined) this.#requests.setWait(this.#terms.wait);
  }

  /** The bytes of the requests that the server says it has (XEP-0124, 9.1). */
  #acknowledged({ attributes }: ReceivedBody): number {
    if (this.#terms?.acks !== true || attributes.ack === undefined) return 0;
    return this.#requests.handedBy(Number(attributes.ack));
  }

  #take(total: number): void {
    if (total <= this.taken) return;
    this.taken = total;
    this.#owner.taken(total);
  }

  // Sending.

  /** Sends what is written at the end of this turn. */
  #schedule(): void {
    if (this.#isScheduled || !this.#canSend()) return;
    this.#isScheduled = true;
    nextTurn(() => {
      this.#isScheduled = false;
      if (!this.#canSend()) return;
      this.#owner.leaving();
      while (this.#canSend()) this.#sendNext();
      this.#arm();
    });
  }

  /** True if something waits that a request may carry now. */
  #canSend(): boolean {
    if (this.#state === "creating") return this.#requests.count === 0;
    if (this.#state !== "open" || this.#outgoing.isEmpty) return false;
    // One more than the server allows may say goodbye (XEP-0124, 11).
    return this.#hasRoom() || this.#outgoing.isLast;
  }

  #hasRoom(): boolean {
    return this.#requests.count < (this.#terms?.requests ?? 1);
  }

  #sendNext(): void {
    if (this.#state === "creating") {
      this.#send("create", { ...bodyAttributes(this.#header), ...WISHES }, "");
      return;
    }
    const { payload, length, restart, isLast } = this.#outgoing.take();
    this.#left += length;
    if (restart !== undefined) {
      const attributes = { ...restart, version: undefined, "xmpp:restart": "true" };
      this.#send("restart", attributes, "");
    } else if (isLast) {
      this.#to("closing");
      this.#send("terminate", { type: "terminate" }, payload);
    } else this.#send("carry", {}, payload);
  }

  #send(purpose: Purpose, attributes: HeaderAttributes, payload: string): void {
    const rid = this.#rid++;
    if (rid > LAST_RID) {
      const detail = "the session has had as many requests as it can";
      this.leave(new BrokerError("DISCONNECTED", detail, { retryable: true }));
      return;
    }
    const { ack } = this.#requests;
    const text = bodyText({ rid: String(rid), sid: this.#terms?.sid, ack, ...attributes }, payload);
    this.#sentAt = this.#clock.now();
    this.#requests.send({ rid, purpose, text, handed: this.#left, sentAt: this.#sentAt });
  }

  // Empty requests.

  /** Sets the timer for the next empty request. */
  #arm(): void {
    this.#stopTimer();
    this.#stopTimer = nothing;
    const due = this.#pollAt();
    if (due === undefined) return;
    const wait = due - this.#clock.now();
    // Browsers hold up the timers of pages that nobody looks at, but not turns.
    if (wait > 0) this.#stopTimer = this.#clock.after(wait, this.#poll, true);
    else nextTurn(this.#poll);
  }

  readonly #poll = (): void => {
    const due = this.#pollAt();
    if (due === undefined) return;
    // Timers may ring a moment early, for they count in whole milliseconds.
    if (due <= this.#clock.now()) {
      this.#owner.leaving();
      if (this.#outgoing.isEmpty && this.#state === "open") this.#send("poll", {}, "");
    }
    this.#arm();
  };

  #pollAt(): number | undefined {
    const terms = this.#terms;
    if (this.#state !== "open" || terms === undefined || !this.#outgoing.isEmpty) return undefined;
    const { last, most } = this.#requests;
    return pollAt({
      terms,
      last,
      isUnknown: last !== undefined && last.handed > this.taken && this.#hasRoom(),
      isWanted: this.#isWanted,
      wasInVain: this.#last?.purpose === "poll" && this.#last.body.elements === 0,
      isFull: this.#owner.unread > most,
      sentAt: this.#sentAt,
      answeredAt: this.#answeredAt,
    });
  }

  #to(state: SessionState): void {
    this.#state = step("BOSH session", STEPS, this.#state, state);
  }
}
