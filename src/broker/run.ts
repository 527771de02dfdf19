import { nothing, shutDown } from "../base/abort.ts";
import { type Deferred, deferred, type Outcome } from "../base/deferred.ts";
import { BrokerError } from "../base/errors.ts";
import { step } from "../base/state.ts";
import type { Ready } from "../contract/events.ts";
import type { Phase } from "../contract/phase.ts";
import type { GivenAddress } from "../contract/rows/call-options.ts";
import type { SessionState } from "../contract/session-state.ts";
import type { Destination } from "../link/address.ts";
import type { Link } from "../link/link.ts";
import type { LoginResult } from "../negotiate/login.ts";
import type { Session } from "../session/session.ts";
import { Attempt, type AttemptOwner } from "./attempt.ts";
import type { Verdict } from "./backoff.ts";
import { Bound } from "./bound.ts";
import { Itinerary } from "./itinerary.ts";
import { Readiness } from "./readiness.ts";
import { Reconnecting } from "./reconnecting.ts";
import { RUN_STEPS, type RunParts, type RunState } from "./run-parts.ts";
import type { Sleeper } from "./shared/awakening.ts";

/**
 * One run of the broker, from `connect` until it has stopped:
 *
 *     ┌── a try: one link after another, until one is ready ── its end ──┐
 *     │                                                                  │ without `reconnect`: over
 *     └──────────────── a wait, as the policy says ──────────────────────┤
 *                                                                        └ told to stop, or given up: over
 */
export class Run implements AttemptOwner, Sleeper {
  readonly closed: Outcome<BrokerError>;
  readonly bound: Bound;
  /** The state of the session, once that was detached. */
  detached: SessionState | undefined;
  /** Its handing over, once that has begun. */
  handingOver: Promise<void> | undefined;
  #ending: Deferred<undefined> | undefined;
  readonly #parts: RunParts;
  /** Where the broker reconnects by itself. */
  readonly #reconnecting: Reconnecting | undefined;
  #state: RunState = "going";
  readonly #itinerary: Itinerary;
  /** The try in force, or the one that became ready. */
  #attempt: Attempt | undefined;
  readonly #ready = new Readiness();
  /** Why the last connection ended, if we did not want it, and what follows. */
  #error: BrokerError | undefined;
  /** Resolved when a run that closes carries a session again. */
  #back: Deferred<undefined> | undefined;
  #verdict: Verdict | undefined;

  constructor(
    parts: RunParts,
    closed: Outcome<BrokerError>,
    destination: Destination,
    given: GivenAddress,
    restored: Session | undefined,
  ) {
    this.#parts = parts;
    this.closed = closed;
    const { settings, shared } = parts;
    this.#itinerary = new Itinerary(settings, destination, given);
    this.bound = new Bound(parts, restored);
    const options = settings.reconnect;
    if (options === false || shared === undefined) return;
    this.#reconnecting = new Reconnecting(parts, options, shared.reached, this.#itinerary);
    shared.awakening.add(this);
  }

  /** Its end by the program's word, once that has begun. */
  get ending(): Promise<undefined> | undefined {
    return this.#ending?.promise;
  }

  /** Ends in this way, unless another one has begun already. Resolves when the first one is done. */
  async end(way: () => Promise<void>): Promise<void> {
    if (this.#ending === undefined) {
      this.#ending = deferred();
      await way();
      this.#ending.resolve(undefined);
    }
    await this.#ending.promise;
  }

  get state(): RunState {
    return this.#state;
  }

  /** True until it is over. */
  get isInForce(): boolean {
    return this.#state !== "over";
  }

  get attempt(): Attempt | undefined {
    return this.#attempt;
  }

  get link(): Link | undefined {
    return this.#attempt?.link;
  }

  /** Where the try in force goes, or the next one. */
  get destination(): Destination {
    const { link } = this;
    return link === undefined || this.#state === "moving" ? this.#itinerary.own : link.destination;
  }

  /** True if no connection follows the one in force. */
  get isEnding(): boolean {
    if (this.#state === "moving") return false;
    if (this.#state !== "going" && this.#state !== "renewing") return true;
    // The last connection may still be saying goodbye, whatever the phase calls it as yet.
    const { link } = this;
    const isLast = this.#reconnecting === undefined && link?.left.length === 0;
    return isLast && link.isEnding;
  }

  get mayGoOn(): boolean {
    return this.#state === "detaching" || !this.isEnding;
  }

  /** Settled by the `ready` in force or, if there is none, by the next one. */
  get ready(): Promise<Ready> {
    if (this.link?.isEnding === true) this.#ready.renew();
    return this.#ready.promise;
  }

  /** Begins a try: tells of it, and opens the first link for it. */
  begin(): void {
    const { owner, instruments } = this.#parts;
    this.#reconnecting?.stopWaiting();
    owner.attempt++;
    const { bound } = this;
    const route = this.#itinerary.next(bound);
    const attempt = new Attempt(this.#parts, this, bound.resuming, route);
    this.#attempt = attempt;
    const { failing } = this.#ready;
    const { host, port } = attempt.link.destination;
    instruments.emit("connect", { host, port });
    // With `reconnect` the run goes on, and so does the wait for `ready`.
    void attempt.logIn(this.#reconnecting === undefined ? failing : nothing);
  }

  /** Leaves the connection in force, or the wait for one, and begins a try. The run goes on. */
  renew(destination: Destination, given: GivenAddress): void {
    const isElsewhere = this.#itinerary.change(destination, given);
    const { link } = this;
    if (link === undefined) {
      this.begin();
      return;
    }
    // It begins as soon as the connection before is closed.
    if (this.#state === "moving") return;
    // With `reconnect`, a connect that waits goes on to wait.
    if (this.#reconnecting === undefined || this.#ready.isTold) {
      this.#ready.replace(new BrokerError("ABORTED", "the broker connects anew"));
    }
    if (isElsewhere && link.isOpen && this.#parts.owner.phase.name === "ready") {
      this.#move(link);
      return;
    }
    this.#to("renewing");
    link.destroy();
    this.linkGone(link);
    if (this.#state === "renewing") this.#to("going");
    // A listener may have ended the run, or begun another try.
    if (this.#isBetween()) this.begin();
  }

  /** Leaves a server in order: another one does not have the session, and this one must not keep it. */
  #move(link: Link): void {
    const { owner, settings } = this.#parts;
    this.#to("moving");
    owner.change({ name: "closing" });
    if (this.link === link) link.close(settings.timeouts.shutdown);
  }

  /** Ends at once, for this reason; without one: because the program said so. */
  halt(reason?: BrokerError): void {
    if (reason !== undefined) this.#ready.fail(reason);
    if (this.#reconnecting !== undefined) this.#error = this.#verdict = undefined;
    // Nothing follows any more.
    if (this.#state === "moving") this.#to("closing");
    const { link } = this;
    if (link === undefined) {
      this.#finish(false);
      return;
    }
    link.destroy();
    this.linkGone(link);
  }

  /** Ends for an error that is not the connection's: the policy stops for it. */
  fail(error: BrokerError): void {
    const { link } = this;
    if (link !== undefined) {
      link.fail(error);
      return;
    }
    this.#ready.fail(error);
    this.#error = error;
    this.#finish(false);
  }

  /** From now on the next end is the last, and no error of ours. */
  leave(state: "closing" | "handing-over" | "detaching"): void {
    this.#to(state);
    if (this.#reconnecting !== undefined) this.#error = undefined;
  }

  /** True if a session waits that the server keeps. */
  get canComeBack(): boolean {
    const { resuming } = this.bound;
    return this.#state === "closing" && resuming !== undefined && resuming.link === undefined;
  }

  /**
   * Makes one last try, or goes on with the one in force, so that the session can be ended in order. Resolves when a link
   * carries a session; the end of the run is told by `closed`.
   */
  comeBack(): Promise<undefined> {
    const back = deferred<undefined>();
    this.#back = back;
    const { link } = this;
    if (link?.state === "over" && link.left.length === 0) {
      // The connection before may still wait for the end of the server's side.
      this.#attempt = undefined;
      link.destroy();
      this.#parts.instruments.emit("socket:close", {});
    }
    if (this.#state === "closing" && this.#attempt === undefined) this.begin();
    return back.promise;
  }

  // The link's view.

  change(to: Phase): void {
    // The last try of a run that closes is no phase of its own.
    if (this.#state !== "closing") this.#parts.owner.change(to);
  }

  linkEnded(link: Link, error: BrokerError | undefined): void {
    // The next endpoint is tried before the try is given up.
    if (this.link !== link || link.left.length > 0) return;
    const { traffic, instruments, owner } = this.#parts;
    const isGoing = this.#state === "going" || this.#state === "renewing";
    // We ended it ourselves, whatever happens while we say goodbye.
    this.#error = isGoing ? error : undefined;
    if (this.#error !== undefined) instruments.stats.failed(this.#error);
    const wasReady = owner.phase.name === "ready";
    if (link.isResuming) this.bound.tried();
    const goesOn = this.#judge(link) && this.bound.resuming !== undefined;
    // A listener of the end may begin the next run: what waits for that one must not end with this one.
    const endTraffic = this.bound.ending(goesOn);
    const goesOnElsewhere = this.#state === "renewing" || this.#state === "moving";
    const isLast = this.#reconnecting === undefined && !goesOnElsewhere;
    const endWaiting = isLast ? traffic.waiting.ending() : nothing;
    owner.change({ name: "closing" });
    endTraffic(error ?? shutDown());
    endWaiting(error);
    if (this.link !== link || this.#error === undefined) return;
    if (wasReady || this.#error.code === "DISCONNECTED") {
      instruments.emit("socket:error", { error: this.#error });
    }
  }

  linkGone(link: Link): void {
    if (this.link !== link || link.left.length > 0) return;
    // Later tries begin where the program said; a redirection begins where the last try went.
    const last = link.destination;
    this.#attempt = undefined;
    const error = this.#error;
    const isMoving = this.#state === "moving";
    const verdict = this.#state === "going" ? this.#verdict : undefined;
    const goesOn = isMoving || this.#state === "renewing";
    if (!goesOn && (error === undefined || verdict === undefined)) {
      this.#finish(true);
      return;
    }
    if (isMoving) this.#to("going");
    this.#parts.instruments.emit("socket:close", {});
    if (isMoving && this.#isBetween()) this.begin();
    else if (error !== undefined && verdict !== undefined) this.#goOn(error, verdict, last);
  }

  /** Asks the policy, and tells whether the session may go on. */
  #judge({ isResuming }: Link): boolean {
    if (this.#reconnecting !== undefined) this.#ready.renew();
    if (this.#state === "renewing" || this.#state === "detaching") return true;
    const error = this.#state === "going" ? this.#error : undefined;
    this.#verdict = error && this.#reconnecting?.ended(error, isResuming);
    return this.#verdict?.mayResume === true || this.bound.untried !== undefined;
  }

  /** After the end of a connection: waits for the next try, or gives up. */
  #goOn(error: BrokerError, verdict: Verdict, from: Destination): void {
    const reconnecting = this.#reconnecting;
    // A listener may have decided otherwise, and so may the program's `retry`.
    if (reconnecting === undefined || !this.#isBetween()) return;
    const end = { error, verdict, from, attempt: this.#parts.owner.attempt + 1 };
    const next = reconnecting.decide(end);
    if (!this.#isBetween()) return;
    if (next.kind === "stop") {
      this.#finish(false);
      return;
    }
    reconnecting.wait(end, next.delay, this.bound.session?.previous?.max, () => {
      this.begin();
    });
  }

  /** True if the run is between two connections. */
  #isBetween(): boolean {
    return this.#state === "going" && this.#attempt === undefined;
  }

  /** The machine has woken, or its network is back or gone. A stream that is ready is probed either way. */
  wake(isOnline: boolean): void {
    const { phase } = this.#parts.owner;
    if (phase.name === "waiting" && isOnline) this.begin();
    else if (phase.name === "ready") this.link?.wake();
  }

  carry(link: Link, result: LoginResult): void {
    const { owner } = this.#parts;
    const resumed = this.bound.login(link, result);
    // The end of the old session's requests may have had the run ended.
    if (resumed === undefined) return;
    if (this.#state === "closing") {
      this.#back?.resolve(undefined);
      return;
    }
    const ready = { jid: result.jid, resumed };
    owner.attempt = 0;
    this.#reconnecting?.ready(link.destination);
    this.#ready.tell(ready);
    // A listener may end it all.
    owner.change({ name: "ready", ...ready });
    if (link.isOpen) this.bound.flow(link, ready);
  }

  /** The run is over. */
  #finish(hadLink: boolean): void {
    if (this.#state === "over") return;
    const { owner, traffic, instruments, shared } = this.#parts;
    const error = this.#error;
    const isDetaching = this.#state === "detaching";
    const reason = error ?? (isDetaching ? handedOn() : shutDown());
    const endWaiting = this.#reconnecting === undefined ? nothing : traffic.waiting.ending();
    this.#to("over");
    this.#reconnecting?.stopWaiting();
    shared?.awakening.remove(this);
    const untried = isDetaching ? undefined : this.bound.untried;
    owner.over(this, untried);
    const last = owner.phase;
    // It was kept for a resumption that does not come, or comes from another process.
    if (isDetaching) this.detached = this.bound.detach(reason);
    else if (untried === undefined) this.bound.drop(reason);
    // A listener may have begun the next run, which needs the store.
    const closing = owner.phase === last ? traffic.outbox.close() : undefined;
    endWaiting(error);
    if (hadLink) instruments.emit("socket:close", {});
    // A listener may have begun the next run.
    if (owner.phase === last) owner.change({ name: "idle" });
    this.#ready.fail(reason);
    if (closing === undefined) this.closed.settle(error);
    else {
      void closing.then(() => {
        this.closed.settle(error);
      });
    }
  }

  #to(state: RunState): void {
    this.#state = step("run", RUN_STEPS, this.#state, state);
  }
}

/** The reason for the end of what cannot go on in another process. */
export function handedOn(): BrokerError {
  return new BrokerError("ABORTED", "the broker has detached its session");
}
