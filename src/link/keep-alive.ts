import { nothing } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { BrokerError } from "../base/errors.ts";
import type { KeepAliveSettings } from "../contract/rows/option-groups.ts";
import type { Stream } from "../stream/stream.ts";

/** Asks the server for a sign of life: a session. */
export interface Prober {
  /** Sends a ping that a living server answers. */
  probe(): void;
}

/** How long a stream may stay silent that is probed because the machine may have slept, in milliseconds. */
const AWAKE = 3000;

/** The share of a server's idle time after which a stream is probed. */
const EARLY = 3 / 4;

/** The times for a server that takes a stream for idle after so many seconds: a probe comes before that. */
export function beforeIdle(
  times: KeepAliveSettings,
  idleSeconds: number | undefined,
): KeepAliveSettings {
  const most = (idleSeconds ?? Number.POSITIVE_INFINITY) * 1000 * EARLY;
  return times.interval <= most ? times : { ...times, interval: most };
}

/**
 * Probes a stream of which either direction is silent, and ends a dead one. Servers drop a client that only
 * listens, so silence of our own counts too. Anything that arrives is a sign of life, an error as well.
 *
 *     (silence of `interval` in one direction)
 *     C: <iq type='get'><ping/></iq>
 *        ^ once this has left the machine: `timeout` for anything at all to arrive
 *
 * A backlog of which nothing is taken for `timeout` is a dead stream as well.
 */
export class KeepAlive {
  readonly #times: KeepAliveSettings;
  readonly #clock: Clock;
  readonly #stream: Stream;
  readonly #link: { destroy(error: BrokerError): void };
  readonly #prober: Prober;
  /** When the last probe was sent, while nothing has arrived since. */
  #probedAt: number | undefined;
  /** A backlog of which nothing has been taken since a time. */
  #stuck: { readonly taken: number; readonly since: number } | undefined;
  /** Time is up, and bytes that may have arrived are being read. */
  #isLastCall = false;
  #cancel = nothing;
  /** The time-out in force. */
  #timeout: number;

  constructor(
    times: KeepAliveSettings,
    clock: Clock,
    stream: Stream,
    link: { destroy(error: BrokerError): void },
    prober: Prober,
  ) {
    this.#times = times;
    this.#clock = clock;
    this.#stream = stream;
    this.#link = link;
    this.#prober = prober;
    this.#timeout = times.timeout;
    this.#wait(times.interval);
  }

  /** Probes at once, and waits less long: a connection may have died while the machine slept. */
  wake(): void {
    this.#cancel();
    this.#timeout = Math.min(AWAKE, this.#times.timeout);
    this.#ask(this.#clock.now());
  }

  /** Ends the watch. */
  stop(): void {
    this.#cancel();
  }

  #wait(milliseconds: number): void {
    this.#cancel = this.#clock.after(milliseconds, this.#look);
  }

  readonly #look = (): void => {
    const { interval } = this.#times;
    const timeout = this.#timeout;
    const now = this.#clock.now();
    const stream = this.#stream;
    // While reading is paused nothing can be heard: the clock stands still.
    if (stream.isPaused) {
      this.#probedAt = undefined;
      this.#wait(timeout);
      return;
    }
    if (this.#isStuck(now)) {
      this.#dead(`nothing of ${stream.channel.unsent} bytes was taken for ${timeout} ms`);
      return;
    }
    const probedAt = this.#probedAt;
    if (probedAt !== undefined && stream.heard < probedAt) {
      const left = stream.leftAt;
      // A probe behind a backlog has time until it has left.
      if (left === undefined) this.#wait(Math.min(timeout, interval));
      else if (now - left < timeout) this.#wait(timeout - (now - left));
      else this.#dead(`nothing came for ${timeout} ms after a probe`);
      return;
    }
    this.#isLastCall = false;
    this.#probedAt = undefined;
    this.#timeout = this.#times.timeout;
    const silent = now - Math.min(stream.heard, stream.said);
    if (silent < interval) {
      const next = interval - silent;
      this.#wait(this.#stuck === undefined ? next : Math.min(next, timeout));
      return;
    }
    this.#ask(now);
  };

  #ask(now: number): void {
    this.#isLastCall = false;
    this.#probedAt = now;
    this.#prober.probe();
    this.#stream.mark();
    this.#wait(this.#timeout);
  }

  /** True if nothing of a backlog has been taken for the time-out. */
  #isStuck(now: number): boolean {
    const { handed, unsent } = this.#stream.channel;
    if (unsent === 0) {
      this.#stuck = undefined;
      return false;
    }
    const taken = handed - unsent;
    if (this.#stuck?.taken === taken) return now - this.#stuck.since >= this.#timeout;
    this.#stuck = { taken, since: now };
    return false;
  }

  /** Timers go before reading: in a process that was busy, an answer may lie unread. */
  #dead(detail: string): void {
    if (!this.#isLastCall) {
      this.#isLastCall = true;
      this.#wait(0);
      return;
    }
    this.#link.destroy(new BrokerError("SOCKET_DEAD", detail, { retryable: true }));
  }
}
