import { nothing } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import type { AckLine } from "./acks.ts";

/** How soon a time-out is looked at again while reading is paused, in milliseconds. */
const PAUSED_LOOK = 1_000;

/** The time of one answer. While reading is paused it stands still, since nothing can be heard. */
export class AnswerTimer {
  readonly #clock: Clock;
  readonly #line: Pick<AckLine, "isPaused" | "pausedTime">;
  readonly #limit: number;
  readonly #onEnd: () => void;
  /** When it was started, and for how long reading had been paused by then. */
  #start: { readonly at: number; readonly pausedTime: number } | undefined;
  #stop = nothing;

  constructor(
    clock: Clock,
    line: Pick<AckLine, "isPaused" | "pausedTime">,
    limit: number,
    onEnd: () => void,
  ) {
    this.#clock = clock;
    this.#line = line;
    this.#limit = limit;
    this.#onEnd = onEnd;
  }

  /** True if it runs. */
  get isRunning(): boolean {
    return this.#start !== undefined;
  }

  /** The milliseconds since the start. */
  get time(): number {
    if (this.#start === undefined) return 0;
    const paused = this.#line.pausedTime - this.#start.pausedTime;
    return this.#clock.now() - this.#start.at - paused;
  }

  start(): void {
    this.#start = { at: this.#clock.now(), pausedTime: this.#line.pausedTime };
    this.#wait(this.#limit);
  }

  stop(): void {
    this.#start = undefined;
    this.#stop();
    this.#stop = nothing;
  }

  #wait(milliseconds: number): void {
    this.#stop = this.#clock.after(milliseconds, this.#look);
  }

  readonly #look = (): void => {
    const rest = this.#limit - this.time;
    if (rest > 0) this.#wait(this.#line.isPaused ? Math.max(rest, PAUSED_LOOK) : rest);
    else this.#stop = this.#clock.after(0, this.#lookAgain);
  };

  /** Timers go before reading: in a process that was busy, the answer may have lain unread. */
  readonly #lookAgain = (): void => {
    if (this.#line.isPaused) this.#wait(PAUSED_LOOK);
    else this.#onEnd();
  };
}
