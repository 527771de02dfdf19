import { startTimer, stopTimer, type Timer } from "../base/timer.ts";

/** What keep-alive asks of the broker. */
export interface KeepAlivePort {
  /** Sends a probe that a living server answers. */
  probe(): void;
  /** Nothing came back in so many milliseconds. */
  dead(timeout: number): void;
}

/**
 * Probes an idle stream and tells when it is dead. Anything that arrives is a sign of life, an error too.
 *
 *     S: <message/>     (silence for `interval`)
 *     C: <iq type='get'><ping/></iq>
 *                       ^ here: `timeout` ms for anything at all to arrive
 */
export class KeepAlive {
  readonly #settings: { readonly interval: number; readonly timeout: number };
  readonly #port: KeepAlivePort;
  /** By a clock that nobody sets: a day's time put back must not make a live stream look dead. */
  #heard = performance.now();
  #probed: number | undefined;
  /** Time is up, and what may have arrived is being read. */
  #lastCall = false;
  #timer: Timer | undefined;

  constructor(
    settings: { readonly interval: number; readonly timeout: number },
    port: KeepAlivePort,
  ) {
    this.#settings = settings;
    this.#port = port;
    this.#wait(settings.interval);
  }

  /** Something arrived. Called for every read, so it only notes the time. */
  alive(): void {
    this.#heard = performance.now();
  }

  stop(): void {
    stopTimer(this.#timer);
  }

  #wait(milliseconds: number): void {
    this.#timer = startTimer(milliseconds, look, this);
  }

  /** The wait is over. */
  look(): void {
    if (this.#probed !== undefined && this.#heard < this.#probed) {
      // Timers go before reading: of a process that was busy, it is not the server that was mute.
      if (this.#lastCall) this.#port.dead(this.#settings.timeout);
      else this.#wait(0);
      this.#lastCall = true;
      return;
    }
    this.#lastCall = false;
    const { interval, timeout } = this.#settings;
    const silent = performance.now() - this.#heard;
    if (silent < interval) {
      this.#probed = undefined;
      this.#wait(interval - silent);
      return;
    }
    this.#probed = performance.now();
    this.#wait(timeout);
    this.#port.probe();
  }
}

function look(keepAlive: KeepAlive): void {
  keepAlive.look();
}
