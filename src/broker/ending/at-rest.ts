import { nothing } from "../../base/abort.ts";
import { type Clock, within } from "../../base/clock.ts";
import type { Session } from "../../session/session.ts";
import type { Traffic } from "../../traffic/traffic.ts";

/**
 * Waits until a session is at rest: handlers have finished, our requests are answered, everything that moves is
 * written, and the tracked stanzas are proven. Handlers and requests get half of the time at most, and all of it three
 * quarters: a handler that never ends (it may be waiting for this) must leave time for the goodbye. `over`: nothing
 * is to be waited for any more.
 */
export async function atRest(
  { inbox, outbox, requests }: Traffic,
  session: Session,
  clock: Clock,
  timeout: number,
  over: Promise<unknown>,
): Promise<void> {
  const deadline = clock.now() + (timeout * 3) / 4;
  const settled = Promise.all([inbox.idle(), requests.idle(session)]);
  await atMost(clock, timeout / 2, settled, over);
  const proven = outbox.drained().then(() => proofOf(session));
  await atMost(clock, deadline - clock.now(), proven, over);
}

/** Waits for a promise, so many milliseconds at most. `over`: nothing is to be waited for any more. */
export async function atMost(
  clock: Clock,
  milliseconds: number,
  promise: Promise<unknown>,
  over: Promise<unknown>,
): Promise<void> {
  await within(clock, Math.max(0, milliseconds), Promise.race([promise, over]), nothing);
}

/** Resolves when the tracked stanzas of a session are proven, or cannot be. */
async function proofOf({ acks }: Session): Promise<void> {
  if (acks.hasUnproven) await acks.proof().catch(nothing);
}

/**
 * Resolves when the server has handled all that a session has written, tracked or not. Where no proof is to be had, it
 * does when the system has taken it.
 */
export async function allProven(session: Session): Promise<void> {
  await session.acks.proof().catch(() => session.written());
}
