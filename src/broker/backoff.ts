import type { Clock } from "../base/clock.ts";
import { type Crypto, randomShare } from "../base/crypto/crypto.ts";
import type { BrokerError } from "../base/errors.ts";
import type { ReconnectSettings } from "../contract/rows/option-groups.ts";
import { BACK_OFF, type Course, type PolicyRow, rowFor } from "./reconnect-policy.ts";

/** The share of a fixed wait that chance takes away, so that brokers do not come back together. */
const SPREAD = 0.2;

/** Doublings beyond this one change nothing: numbers stay finite. */
const MOST_DOUBLINGS = 40;

/** How the run goes on after the end of a connection. */
export interface Verdict {
  readonly kind: "stop" | "follow" | "wait";
  /** How long to wait, in milliseconds; 0 for the others. */
  readonly delay: number;
  /** The old session may be resumed. */
  readonly mayResume: boolean;
}

/** The history of one run, as the policy needs it: it turns the end of a connection into a wait. */
export class Backoff {
  readonly #times: Pick<ReconnectSettings, "base" | "cap" | "stable">;
  readonly #clock: Pick<Clock, "now">;
  readonly #crypto: Pick<Crypto, "random">;
  /** Ends since the run began, or since it was last ready for long enough. */
  #tries = 0;
  /** Redirections that were followed, in a row. */
  #hops = 0;
  /** The row of the last end, and when the ends of that row were: all in a row. */
  #inARow: { readonly row: PolicyRow; count: number } | undefined;
  /** When the latest ends were that count within a time. */
  #recent: readonly { readonly row: PolicyRow; readonly at: number }[] | undefined;
  #wasReady = false;
  /** When the last connection ended. */
  #endedAt = Number.NEGATIVE_INFINITY;
  /** Since when the connection in force is ready. */
  #readySince: number | undefined;

  constructor(
    times: Pick<ReconnectSettings, "base" | "cap" | "stable">,
    clock: Pick<Clock, "now">,
    crypto: Pick<Crypto, "random">,
  ) {
    this.#times = times;
    this.#clock = clock;
    this.#crypto = crypto;
  }

  /** The connection in force is ready. */
  ready(): void {
    this.#wasReady = true;
    this.#readySince = this.#clock.now();
  }

  /** The connection ended so, perhaps while an old session was asked for. Counts it, and says what follows. */
  ended(error: BrokerError, isResuming = false): Verdict {
    const since = this.#readySince;
    const now = this.#clock.now();
    this.#readySince = undefined;
    if (since !== undefined && now - since >= this.#times.stable) this.#forget();
    const place = since !== undefined ? "ready" : isResuming ? "resume" : "login";
    const row = rowFor(error, place, now - this.#endedAt);
    const { course, isFresh } = this.#step(row, now);
    // Only redirections in a row lead in a circle.
    if (course.kind !== "follow") this.#hops = 0;
    const verdict = this.#take(course, !isFresh);
    if (verdict.kind !== "stop") this.#endedAt = now;
    this.#tries++;
    return verdict;
  }

  /** The wait of the usual course, for an end after which the program wants to go on. */
  usual(): Verdict {
    // The end has been counted already.
    this.#tries--;
    const verdict = this.#take(BACK_OFF, true);
    this.#tries++;
    return verdict;
  }

  /** The course to take, and whether the session must be a fresh one. */
  #step(row: PolicyRow, now: number): { readonly course: Course; readonly isFresh: boolean } {
    const { repeated, isFresh } = row;
    const count = this.#count(row, now);
    if (!this.#wasReady) return { course: row.before, isFresh };
    if (repeated === undefined || count < repeated.times) return { course: row.after, isFresh };
    return { course: repeated.course, isFresh: isFresh || repeated.isFresh === true };
  }

  /** How many ends of this row there were, this one included, in a row or within its time. */
  #count(row: PolicyRow, now: number): number {
    const count = this.#inARow?.row === row ? this.#inARow.count + 1 : 1;
    this.#inARow = { row, count };
    const { within, times } = row.repeated ?? {};
    if (within === undefined || times === undefined) return count;
    this.#recent = [...(this.#recent ?? []), { row, at: now }].slice(-times);
    return this.#recent.filter((end) => end.row === row && now - end.at < within).length;
  }

  #take(course: Course, mayResume: boolean): Verdict {
    switch (course.kind) {
      case "stop":
        return { kind: "stop", delay: 0, mayResume: false };
      case "follow":
        if (this.#hops >= course.hops) {
          this.#hops = 0;
          return this.#take(BACK_OFF, mayResume);
        }
        this.#hops++;
        return { kind: "follow", delay: 0, mayResume };
      case "every":
        return { kind: "wait", delay: this.#share(course.wait, 1 - SPREAD), mayResume };
      case "back off": {
        const { base, cap } = this.#times;
        const doublings = Math.min(this.#tries + course.up, MOST_DOUBLINGS);
        const bound = Math.min(cap, course.most, base * 2 ** doublings);
        const first = this.#tries === 0 ? Math.min(course.first, bound) : bound;
        return { kind: "wait", delay: this.#share(first, 0), mayResume };
      }
    }
  }

  /** A random time between that share of the bound and all of it. */
  #share(bound: number, least: number): number {
    return Math.round(bound * (least + (1 - least) * randomShare(this.#crypto)));
  }

  #forget(): void {
    this.#tries = 0;
    this.#hops = 0;
    this.#inARow = undefined;
  }
}
