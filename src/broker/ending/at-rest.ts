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
  await within(clock, timeout / 2, Promise.race([settled, over]), nothing);
  const left = Math.max(0, deadline - clock.now());
  const proven = outbox.drained().then(() => proofOf(session));
  await within(clock, left, Promise.race([proven, over]), nothing);
}

/** Resolves when the tracked stanzas of a session are proven, or cannot be. */
async function proofOf({ acks }: Session): Promise<void> {
  if (acks.hasUnproven) await acks.proof().catch(nothing);
}

/**
 * Waits until the server has handled all that a session has written, tracked or not. Where no proof is to be had, it
 * waits until the system has taken it.
 */
export async function allProven(
  session: Session,
  clock: Clock,
  timeout: number,
  over: Promise<unknown>,
): Promise<void> {
  const proven = session.acks.proof().catch(() => session.written());
  await within(clock, timeout, Promise.race([proven, over]), nothing);
}
