import type { Clock } from "../../base/clock.ts";
import type { Runtime } from "../../contract/runtime.ts";

/** How often the two times are compared, in milliseconds. */
const INTERVAL = 2000;

/** A wall clock that has gone further than the other clock by more than this has slept, or was set. */
const JUMP = 5000;

/** A run that must know when the machine has slept. */
export interface Sleeper {
  /** The machine has woken, or its network is back; or (`isOnline` is false) its network is gone. */
  wake(isOnline: boolean): void;
}

/**
 * Tells the runs of a process that the machine has woken from sleep, or that its network is back. One timer serves
 * them all: it compares the wall clock with a clock that does not count sleep. It also keeps the process alive for
 * them, since there are moments with neither a socket nor a wait.
 */
export class Awakening {
  readonly #clock: Clock;
  readonly #online: Runtime["online"];
  readonly #sleepers = new Set<Sleeper>();
  #stop: (() => void) | undefined;

  constructor({ clock, online }: Pick<Runtime, "clock" | "online">) {
    this.#clock = clock;
    this.#online = online;
  }

  /** Wakes this run from now on. */
  add(sleeper: Sleeper): void {
    this.#sleepers.add(sleeper);
    this.#stop ??= this.#begin();
  }

  /** The run is over. */
  remove(sleeper: Sleeper): void {
    this.#sleepers.delete(sleeper);
    if (this.#sleepers.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  #begin(): () => void {
    const clock = this.#clock;
    let apart = clock.wall() - clock.now();
    const look = (): void => {
      const now = clock.wall() - clock.now();
      const hasJumped = now - apart > JUMP;
      apart = now;
      cancel = clock.after(INTERVAL, look, true);
      if (hasJumped) this.#tell(true);
    };
    let cancel = clock.after(INTERVAL, look, true);
    const stopListening = this.#online?.((isOnline) => {
      this.#tell(isOnline);
    });
    return () => {
      cancel();
      stopListening?.();
    };
  }

  #tell(isOnline: boolean): void {
    for (const sleeper of [...this.#sleepers]) {
      // An earlier one may have ended a later one.
      if (this.#sleepers.has(sleeper)) sleeper.wake(isOnline);
    }
  }
}
