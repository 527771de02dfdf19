import type { Clock } from "../base/clock.ts";
import { type SessionState, sessionState, type UnackedStanza } from "../contract/session-state.ts";
import type { Dialect } from "../dialect/dialect.ts";
import { bareText } from "../jid/jid.ts";
import type { Item } from "../session/delivery/item.ts";
import type { Session } from "../session/session.ts";
import { counted } from "../stream/counter.ts";

/** The state of a session that waits to be resumed; `undefined`: it cannot be. */
export function detached(
  { previous, acks }: Session,
  dialect: Pick<Dialect, "account">,
  clock: Pick<Clock, "wall">,
): SessionState | undefined {
  const kept = acks.resumption?.kept;
  if (previous === undefined || kept === undefined) return undefined;
  const { id, jid, max, location, h } = previous;
  return sessionState({
    account: dialect.account ?? bareText(jid),
    jid,
    id,
    max,
    location,
    detachedAt: clock.wall(),
    h: counted(h),
    acked: kept.acked,
    unacked: kept.unacked.map((item) => (item === undefined ? null : stanzaOf(item))),
  });
}

function stanzaOf({ text, delivery, tracked }: Item): UnackedStanza {
  const { givenKey } = delivery;
  return {
    text,
    ...(givenKey === undefined ? {} : { key: givenKey }),
    ...(tracked === undefined ? {} : { sentAt: tracked.sentAt, tries: tracked.tries }),
  };
}
