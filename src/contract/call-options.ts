import { abortSignal, knownOptions, record } from "../base/check.ts";

const FILTER = ["namespaces", "variables", "signal", "once"];

/** The options of each of the broker's calls. */
const KNOWN = {
  send: ["ttl", "key"],
  request: ["timeout", "signal"],
  filter: FILTER,
  respond: FILTER,
  waitFor: [...FILTER, "timeout"],
  stanzas: [...FILTER, "buffer"],
  on: ["signal", "once"],
  shutdown: ["timeout"],
} as const satisfies Record<string, readonly string[]>;

/** What a call gets that was given no options. */
export const NO_OPTIONS: Readonly<Record<string, never>> = Object.freeze({});

/**
 * Checks the options of a call before anything comes of it: a misspelt one must not pass for a default, and
 * what is no signal is found now and not when everything ends. Ends in `BAD_OPTION`.
 */
export function checkOptions(call: keyof typeof KNOWN, options: object): void {
  if (options === NO_OPTIONS) return;
  const { signal } = record(`the options of ${call}`, options);
  knownOptions(call, options, KNOWN[call]);
  if (signal !== undefined) abortSignal("signal", signal);
}
