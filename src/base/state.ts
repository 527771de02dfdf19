/** The states that may follow each state. */
export type Steps<State extends string> = Readonly<Record<State, readonly State[]>>;

/** Tests set `throws`: a step that a table does not allow is a defect of the code. */
export const forbiddenSteps = { throws: false };

/**
 * Gives the state after a step. A step that the table does not allow leaves the state as it is; under test it throws.
 * `owner` names the object in that error.
 */
export function step<State extends string>(
  owner: string,
  steps: Steps<State>,
  from: State,
  to: State,
): State {
  if (steps[from].includes(to)) return to;
  if (forbiddenSteps.throws) throw new TypeError(`${owner}: no step leads from ${from} to ${to}`);
  return from;
}
