import { Fifo } from "../base/fifo.ts";

/**
 * The functions of a runtime that give an action a turn of its own. Browsers have no `setImmediate`, some workers
 * no `MessageChannel`.
 */
export interface Turns {
  readonly setImmediate?: (action: () => void) => unknown;
  readonly MessageChannel?: new () => {
    readonly port1: { onmessage: (() => void) | null };
    readonly port2: { postMessage(message: null): void };
  };
  readonly setTimeout: (action: () => void, milliseconds: number) => unknown;
}

/**
 * Makes the function that runs an action in the next turn of the event loop, in the order of the calls. It uses the
 * fastest way there is, and opens a message channel with the first action only.
 */
export function turns({ setImmediate, MessageChannel, setTimeout }: Turns) {
  if (setImmediate !== undefined) return (action: () => void) => void setImmediate(action);
  if (MessageChannel === undefined) return (action: () => void) => void setTimeout(action, 0);
  const actions = new Fifo<() => void>();
  let wake: (() => void) | undefined;
  return (action: () => void) => {
    actions.push(action);
    wake ??= open(MessageChannel, () => actions.shift()?.());
    wake();
  };
}

function open(MessageChannel: NonNullable<Turns["MessageChannel"]>, run: () => void): () => void {
  const { port1, port2 } = new MessageChannel();
  port1.onmessage = run;
  return () => {
    port2.postMessage(null);
  };
}

/**
 * Runs an action in the next turn. The runtime's functions are looked up when the module is loaded: a test that
 * replaces the timers later, to hold the clock, does not hold up the bytes.
 */
export const nextTurn = turns(globalThis as unknown as Turns);
