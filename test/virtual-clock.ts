import type { Clock } from "../src/base/clock.ts";

interface Timer {
  readonly due: number;
  /** The turn in which it cannot run, since it was set in it without a wait. */
  readonly notIn: number | undefined;
  readonly action: () => void;
}

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  #now = 0;
  #turn = 0;
  #wall = Date.UTC(2026, 0, 1);
  /** By when they are due; timers that are due together in the order in which they were set. */
  readonly #timers: Timer[] = [];

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#wall;
  }

  /** As everywhere, an action with a wait of 0 runs in another turn of the event loop. */
  after(milliseconds: number, action: () => void): () => void {
    const notIn = milliseconds > 0 ? undefined : this.#turn;
    const timer = { due: this.#now + Math.max(milliseconds, 0), notIn, action };
    const later = this.#timers.findIndex(({ due }) => due > timer.due);
    this.#timers.splice(later < 0 ? this.#timers.length : later, 0, timer);
    return () => {
      const index = this.#timers.indexOf(timer);
      if (index >= 0) this.#timers.splice(index, 1);
    };
  }

  /** How many timers are set: none may be left at the end of a scenario. */
  get timers(): number {
    return this.#timers.length;
  }

  /**
   * Moves the time on and runs the timers that become due, in order. Timers that these set run too, if they become due.
   * All of this is one turn of the event loop, so promises do not settle in between: see `pass`.
   */
  advance(milliseconds: number): void {
    const end = this.#now + milliseconds;
    this.#turn++;
    for (let timer = this.#take(end); timer !== undefined; timer = this.#take(end)) timer.action();
    this.#move(end);
  }

  /** The same, but after each timer promises settle and bytes in memory arrive before the time moves on. */
  async pass(milliseconds: number): Promise<void> {
    const end = this.#now + milliseconds;
    for (;;) {
      await settled();
      this.#turn++;
      const timer = this.#take(end);
      if (timer === undefined) break;
      timer.action();
    }
    this.#move(end);
  }

  /** Sets the wall clock on, or back if negative, as an administrator or a time server does. */
  jump(milliseconds: number): void {
    this.#wall += milliseconds;
  }

  /** The next timer that is due by then, if any. The time is then when it was due. */
  #take(end: number): Timer | undefined {
    const index = this.#timers.findIndex(({ notIn }) => notIn !== this.#turn);
    const timer = this.#timers[index];
    if (timer === undefined || timer.due > end) return undefined;
    this.#timers.splice(index, 1);
    this.#move(Math.max(timer.due, this.#now));
    return timer;
  }

  #move(time: number): void {
    this.#wall += time - this.#now;
    this.#now = time;
  }
}

/** More turns of the event loop than any step of a conversation in memory takes. */
const TURNS = 100;

/**
 * Lets promises settle, and bytes arrive that are on their way in memory. It counts turns of the event loop and not
 * milliseconds, so it does the same on a busy machine.
 */
export async function settled(turns = TURNS): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await nextTurn();
}

/** The ways of runtimes to run an action in a turn of its own, without a delay. */
interface Turns {
  readonly setImmediate?: (action: () => void) => unknown;
  readonly MessageChannel: new () => {
    readonly port1: { onmessage: (() => void) | null };
    readonly port2: { postMessage(message: null): void };
  };
}

// Taken when the module is loaded, as the memory transport does: fake timers hold up neither.
const nextTurn = turns(globalThis as unknown as Turns);

function turns({ setImmediate, MessageChannel }: Turns): () => Promise<void> {
  if (setImmediate !== undefined) return () => new Promise((resolve) => void setImmediate(resolve));
  const { port1, port2 } = new MessageChannel();
  const waiting: (() => void)[] = [];
  port1.onmessage = () => {
    waiting.shift()?.();
  };
  return () =>
    new Promise((resolve) => {
      waiting.push(resolve);
      port2.postMessage(null);
    });
}
