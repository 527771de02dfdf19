import type { Steps } from "../base/state.ts";
import type { Phase } from "../contract/phase.ts";
import type { LinkParts } from "../link/link-parts.ts";
import type { Session } from "../session/session.ts";
import type { Traffic } from "../traffic/traffic.ts";
import type { Shared } from "./shared/shared.ts";

/**
 * The life of a run. `going`: the policy decides what follows the end of a connection. `renewing`: `reconnect` drops
 * the connection, and the run goes on. `moving`: it closes the connection in order, and the run goes on elsewhere.
 * `handing-over`, `closing`: the next end is the last. `detaching`: so it is, and the session goes on in another process.
 */
export type RunState =
  | "going"
  | "renewing"
  | "moving"
  | "handing-over"
  | "detaching"
  | "closing"
  | "over";

/** The states that may follow each state of a run. */
export const RUN_STEPS: Steps<RunState> = {
  going: ["renewing", "moving", "handing-over", "detaching", "closing", "over"],
  renewing: ["going", "detaching", "closing", "over"],
  moving: ["going", "closing", "over"],
  "handing-over": ["closing", "over"],
  detaching: ["over"],
  closing: ["over"],
  over: [],
};

/** The owner of runs: the lifecycle. */
export interface RunOwner {
  readonly phase: Phase;
  /** Counts the tries since the broker was last ready. */
  attempt: number;
  /** Goes on to another phase. */
  change(to: Phase): void;
  /** A run is over. Called once for each, before anything is told of that. `untried`: a session for the next run. */
  over(run: object, untried: Session | undefined): void;
}

/** The parts of a run: the same for all runs of a broker. */
export interface RunParts extends LinkParts {
  readonly traffic: Traffic;
  readonly owner: RunOwner;
  /** Shared with other brokers that reconnect; `undefined`: this one does not. */
  readonly shared: Shared | undefined;
}
