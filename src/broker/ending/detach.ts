import type { Session } from "../../session/session.ts";
import type { Run } from "../run.ts";
import type { RunParts } from "../run-parts.ts";
import { atRest } from "./at-rest.ts";

/**
 * Leaves a session for another process: takes in nothing more, waits until all is proven, for three quarters of
 * `timeout` milliseconds at most, and leaves the connection without a goodbye.
 */
export async function detach(
  run: Run,
  session: Session,
  { traffic, owner, runtime }: RunParts,
  timeout: number,
): Promise<void> {
  const closed = run.closed.promise;
  const isReady = owner.phase.name === "ready";
  run.leave("detaching");
  traffic.outbox.drainOnly();
  traffic.inbox.close();
  owner.change({ name: "closing" });
  if (isReady) await atRest(traffic, session, runtime.clock, timeout, closed);
  if (run.link?.state === "open") run.link.leave();
  else run.halt();
  await closed;
}
