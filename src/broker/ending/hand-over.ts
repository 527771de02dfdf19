import type { Run } from "../run.ts";
import type { RunParts } from "../run-parts.ts";
import { allProven, atMost, atRest } from "./at-rest.ts";

/** Leaves the place of a run to another process: stanzas wait from now on, and answers go. */
export async function handOver(
  run: Run,
  { traffic, runtime }: RunParts,
  timeout: number,
): Promise<void> {
  const { clock } = runtime;
  const { session } = run.bound;
  const closed = run.closed.promise;
  const deadline = clock.now() + timeout;
  run.leave("handing-over");
  traffic.outbox.drainOnly();
  if (session === undefined) return;
  await atRest(traffic, session, clock, timeout, closed);
  await atMost(clock, deadline - clock.now(), allProven(session), closed);
}
