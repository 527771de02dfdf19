import type { Clock } from "../base/clock.ts";
import type { Runtime } from "../contract/runtime.ts";

/** How often the two times are compared, in milliseconds. */
const INTERVAL = 2000;

/** A wall clock that has gone further than the other clock by more than this has slept, or was set. */
const JUMP = 5000;

/**
 * Tells the brokers of a process that the machine has woken from sleep, or that its network is back. One timer serves
 * them all: a clock of the system that does not count sleep is compared with the wall clock.
 */
export class Awakening {
  readonly #clock: Clock;
  readonly #online: Runtime["online"];
  readonly #actions = new Set<() => void>();
  #stop: (() => void) | undefined;

  constructor({ clock, online }: Pick<Runtime, "clock" | "online">) {
    this.#clock = clock;
    this.#online = online;
  }

  /** Calls the action each time. The function it returns ends that. */
  on(action: () => void): () => void {
    this.#actions.add(action);
    this.#stop ??= this.#begin();
    return () => {
      this.#actions.delete(action);
      if (this.#actions.size > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    };
  }

  #begin(): () => void {
    const clock = this.#clock;
    let apart = clock.wall() - clock.now();
    const look = (): void => {
      const now = clock.wall() - clock.now();
      const hasJumped = now - apart > JUMP;
      apart = now;
      cancel = clock.after(INTERVAL, look);
      if (hasJumped) this.#tell();
    };
    let cancel = clock.after(INTERVAL, look);
    const stopListening = this.#online?.(() => {
      this.#tell();
    });
    return () => {
      cancel();
      stopListening?.();
    };
  }

  #tell(): void {
    for (const action of [...this.#actions]) {
      // An earlier action may have ended a later one.
      if (this.#actions.has(action)) action();
    }
  }
}
