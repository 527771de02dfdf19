import type { Run } from "../run.ts";
import type { RunParts } from "../run-parts.ts";
import { atMost, atRest } from "./at-rest.ts";

/**
 * Ends a run in order, within `timeout` milliseconds. A session that waits to be resumed is resumed for that, in one
 * try: else the server would keep it for minutes, and swallow what others send to it.
 */
export async function close(run: Run, parts: RunParts, timeout: number): Promise<void> {
  const { traffic, instruments, owner, runtime } = parts;
  const { clock } = runtime;
  const closed = run.closed.promise;
  const deadline = clock.now() + timeout;
  const isReady = owner.phase.name === "ready";
  run.leave("closing");
  shut();
  instruments.emit("shutdown:start", {});
  // A listener may have ended it already.
  if (run.isInForce) owner.change({ name: "closing" });
  if (!isReady && run.canComeBack) {
    await atMost(clock, (timeout * 3) / 4, run.comeBack(), closed);
    // The login has opened them again.
    shut();
    run.bound.session?.begin();
    traffic.outbox.drain();
  }
  const { session } = run.bound;
  if (session?.link?.state === "open") {
    await atRest(traffic, session, clock, left(), closed);
    run.link?.close(left());
  } else if (run.link === undefined) run.halt();
  // A link that carries no session, or says goodbye already, has nothing to wait for.
  else run.link.fail(undefined);
  await closed;
  instruments.emit("shutdown:finish", {});

  function left(): number {
    return Math.max(0, deadline - clock.now());
  }

  /** Nothing more is taken in. Only what moves already goes out, and answers. */
  function shut(): void {
    traffic.outbox.drainOnly();
    traffic.inbox.close();
  }
}
