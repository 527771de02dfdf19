import { quiet } from "../../base/deferred.ts";
import { BrokerError } from "../../base/errors.ts";
import type { Delivery } from "../../contract/delivery.ts";
import type { UnackedChoice } from "../../contract/rows/acks-option.ts";
import { type Unproven, unacknowledged } from "../../session/acks/acks.ts";
import type { Item } from "../../session/delivery/item.ts";
import { KeptDelivery } from "../../session/delivery/kept-delivery.ts";
import { isStanza } from "../../stream/stanza.ts";
import { isStreamError } from "../../stream/stream-error.ts";
import type { TrafficParts } from "../parts.ts";
import type { Gate } from "./gate.ts";

/** How often a stanza goes back to the queue at most. */
const MOST_TRIES = 3;

/** How many streams a stanza may end for it alone before it is refused. */
const MOST_STRIKES = 2;

/** The conditions of stream errors that a stanza of ours may have caused. */
const POISONOUS: readonly string[] = [
  "policy-violation",
  "not-well-formed",
  "invalid-xml",
  "improper-addressing",
  "invalid-from",
  "unsupported-stanza-type",
];

/** The way back to the queue: the outbox. */
export interface WayBack {
  /** Takes stanzas back in front of all others, in their order. */
  requeue(items: readonly Item[]): void;
}

/** The session that has ended. */
interface Ended {
  readonly jid: string;
  readonly isService: boolean;
}

/** The rule for stanzas whose session ended before their proof: they go back to the queue, or are `unknown`. */
export class Unacked {
  readonly #parts: TrafficParts;
  readonly #gate: Gate;
  readonly #outbox: WayBack;

  constructor(parts: TrafficParts, gate: Gate, outbox: WayBack) {
    this.#parts = parts;
    this.#gate = gate;
    this.#outbox = outbox;
  }

  /**
   * Settles all that a session has left, in order. Returns the deliveries that are not proven and not failed. Where
   * the session goes on in another process (`isElsewhere`), nothing is sent again here.
   */
  settle(
    left: readonly Unproven[],
    session: Ended,
    error: BrokerError,
    isElsewhere: boolean,
  ): readonly Delivery[] {
    const isPoisonous = isStreamError(error) && POISONOUS.includes(error.condition);
    const again: Item[] = [];
    const ended: [Unproven, BrokerError][] = [];
    for (const entry of left) {
      // A listener that was told of an earlier one may have settled it.
      if (!entry.delivery.isOpen) continue;
      const item =
        entry.item === undefined || isElsewhere ? undefined : this.#again(entry.item, session);
      if (item === undefined) ended.push([entry, isElsewhere ? handedOn() : lost(entry)]);
      else if (isPoisonous && isGuilty(item, left)) ended.push([entry, poison(error)]);
      else {
        if (isPoisonous && item.tracked !== undefined) item.tracked.isSuspect = true;
        again.push(item);
      }
    }
    const { instruments } = this.#parts;
    for (const { delivery } of again) delivery.requeue();
    this.#outbox.requeue(again);
    for (const [{ delivery }, reason] of ended) {
      if (isElsewhere && delivery instanceof KeptDelivery) delivery.leave();
      delivery.fail(reason);
    }
    // (One that waits no more, since there was no room or a listener took it out, has been told of.)
    for (const { delivery, stanza } of again) {
      if (delivery.state === "queued") instruments.delivery(delivery, stanza);
    }
    for (const [{ delivery, item }] of ended) instruments.delivery(delivery, item?.stanza);
    const deliveries = left.map(({ delivery }) => delivery);
    return deliveries.filter(({ state }) => state !== "failed");
  }

  /** The item as it is sent again; `undefined`: it is not. */
  #again(item: Item, session: Ended): Item | undefined {
    const { tracked } = item;
    if (tracked === undefined || tracked.tries >= MOST_TRIES) return undefined;
    if (this.#chosen(item, session) !== "requeue") return undefined;
    try {
      const again = this.#gate.again(item, tracked, session.jid);
      tracked.tries++;
      return again;
    } catch {
      // A dialect of the caller's may refuse today a stanza that it took yesterday.
      return undefined;
    }
  }

  #chosen(item: Item, { isService }: Ended): UnackedChoice {
    const { settings, instruments } = this.#parts;
    const choice = settings.unacked;
    // A request ends with its session.
    if (choice === "report" || item.request !== undefined) return "report";
    const { stanza, tracked } = item;
    if (choice === "requeue") {
      if (tracked?.isAnswer === true) return isService ? "requeue" : "report";
      const isCovered = stanza.name === "message" || (stanza.name === "presence" && isService);
      return isCovered && isStanza(stanza) ? "requeue" : "report";
    }
    try {
      const chosen: unknown = choice(stanza);
      if (chosen === "requeue" || chosen === "report") return chosen;
      void quiet(Promise.resolve(chosen));
      throw new TypeError('unacked must return "report" or "requeue"');
    } catch (thrown) {
      const error = new BrokerError("HANDLER_FAILED", "of unacked", { cause: thrown });
      instruments.failed(error, "unacked");
      return "report";
    }
  }
}

/** True if a stream has ended for this one alone, and not for the first time. */
function isGuilty({ tracked }: Item, left: readonly Unproven[]): boolean {
  if (left.length !== 1 || tracked === undefined) return false;
  tracked.strikes++;
  return tracked.strikes >= MOST_STRIKES;
}

function lost({ delivery }: Unproven): BrokerError {
  if (!delivery.isHanded) return unacknowledged();
  const detail = "the connection ended while it was being written";
  return new BrokerError("UNACKNOWLEDGED", detail, { retryable: true });
}

function handedOn(): BrokerError {
  const detail = "its session was detached, and goes on in another process";
  return new BrokerError("UNACKNOWLEDGED", detail);
}

function poison(cause: BrokerError): BrokerError {
  return new BrokerError("POISON", cause.message, { cause });
}
