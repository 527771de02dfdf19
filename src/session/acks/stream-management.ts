import { nothing } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import { quiet } from "../../base/deferred.ts";
import { BrokerError } from "../../base/errors.ts";
import { type Steps, step } from "../../base/state.ts";
import type { Instruments } from "../../contract/instruments.ts";
import { domainOf } from "../../jid/carried.ts";
import { counted, type Progress, progress, readCount } from "../../stream/counter.ts";
import { isStanza } from "../../stream/stanza.ts";
import { type Element, xml } from "../../xml/element.ts";
import { NS } from "../../xml/namespaces.ts";
import type { Keeper, TrackedDelivery } from "../delivery/delivery.ts";
import type { Item } from "../delivery/item.ts";
import {
  type AckLine,
  type Acks,
  type Kept,
  type Resumption,
  type Unproven,
  unacknowledged,
} from "./acks.ts";
import { ACK_WAIT, HandledCount } from "./handled-count.ts";
import { ProofWaits } from "./proof-waits.ts";
import { isKept, type UnprovenEntry, UnprovenList } from "./unproven-list.ts";

/**
 * The life of the proofs. `live`: the server's counter fits ours. `broken`: the link is gone. `probing`: the server
 * goes on, and a ping asks whether it reads. `doubted`: its counter does not fit, so it proves nothing any more.
 */
type State = "live" | "broken" | "probing" | "doubted" | "over";

/** The states that may follow each; `docs/sessions.md` draws them. */
export const MANAGEMENT_STEPS: Steps<State> = {
  live: ["broken", "doubted", "over"],
  broken: ["broken", "probing", "over"],
  // A login that ends while it probes leaves the next one to begin anew.
  probing: ["live", "broken", "probing", "over"],
  doubted: ["over"],
  over: [],
};

/** The parts of the proofs of one session. */
export interface StreamManagementParts {
  readonly clock: Clock;
  readonly instruments: Instruments;
}

/**
 * Proofs by stream management (XEP-0198, 4): both sides count stanzas, and each tells the other how many it has
 * handled. Every stanza is tracked. One question is open at a time, and it leaves with the last write of a turn.
 *
 *     C: <message/><message/><r/>
 *     C: <message/>
 *     S: <a h='2'/>
 *                  ^ here: the first two are proven; the next <r/> leaves
 */
export class StreamManagement implements Acks, Keeper, Resumption {
  /** A server cuts a client that does not acknowledge: reading goes on as long as it can. */
  readonly mustRead = true;
  readonly #parts: StreamManagementParts;
  readonly #line: AckLine;
  #state: State = "live";
  readonly #list: UnprovenList;
  /** How many stanzas the server has acknowledged since `<enable/>`. */
  #acked = 0;
  /** How many deliveries were written. */
  #written = 0;
  readonly #handled: HandledCount;
  /** When the open question left. */
  #askedAt: number | undefined;
  /** True if stanzas were written in this turn, and its write is still to leave. */
  #isTurnOpen = false;
  #stopAsking = nothing;
  readonly #waits = new ProofWaits();
  /** Why no proof is to be had. */
  #why: BrokerError | undefined;

  /** `kept`: the session was detached elsewhere, and is to go on. */
  constructor(parts: StreamManagementParts, line: AckLine, kept?: Kept) {
    this.#parts = parts;
    this.#line = line;
    this.#list = new UnprovenList(parts.instruments);
    this.#handled = new HandledCount(parts.clock, line);
    if (kept === undefined) return;
    this.#acked = kept.acked;
    for (const item of kept.unacked) {
      if (item === undefined) this.wroteOwn("");
      else this.wrote(item);
      item?.delivery.take();
    }
    this.suspend();
  }

  get kept(): Kept {
    const entries = this.#list.all();
    const unacked = entries.map((entry) => (isKept(entry) ? entry : undefined));
    return { acked: counted(this.#acked), unacked };
  }

  get resumption(): this | undefined {
    return this.#state === "doubted" || this.#state === "over" ? undefined : this;
  }

  get hasUnproven(): boolean {
    return this.#list.deliveries > 0;
  }

  find(key: string): TrackedDelivery | undefined {
    return this.#list.find(key);
  }

  admits(item: Item): boolean {
    return this.#state !== "live" || this.#list.admits(item);
  }

  wrote(item: Item): void {
    const { delivery, stanza } = item;
    const isAsked = delivery.handOver(this);
    // An element that is no stanza does not count, so its handling cannot be learnt.
    if (isStanza(stanza)) {
      this.#written++;
      const { bytes, tracked } = item;
      const isBare = tracked === undefined && !this.#line.mayGoOn;
      this.#count(isBare ? { delivery, bytes, tracked } : item);
      if (this.#why !== undefined) this.#list.letGo(this.#why);
    }
    if (isAsked) this.ask(delivery);
  }

  wroteOwn(text: string): void {
    this.#count({ delivery: undefined, bytes: text.length });
  }

  ask(delivery: TrackedDelivery): void {
    if (this.#why !== undefined) delivery.cannotProve(this.#why);
    else if (!delivery.isTracked) {
      const detail = "XEP-0198 counts messages, presences and iqs only";
      delivery.cannotProve(new BrokerError("ACK_UNAVAILABLE", detail));
    }
  }

  taken(): void {
    this.#handled.taken();
  }

  leaving(): void {
    this.#isTurnOpen = false;
    this.#ask();
  }

  stanza(): boolean {
    this.#handled.arrived();
    return false;
  }

  nonza(element: Element): boolean {
    if (element.ns !== NS.streamManagement) return false;
    if (element.name === "r") this.#handled.asked();
    else if (element.name === "a") this.#heard(element);
    else return false;
    return true;
  }

  acknowledge(): void {
    this.#handled.tell();
  }

  proof(): Promise<void> {
    if (this.#state === "over") return quiet(Promise.reject(unacknowledged()));
    if (!this.hasUnproven) return Promise.resolve();
    if (this.#why !== undefined) return quiet(Promise.reject(this.#why));
    return this.#waits.until(this.#written);
  }

  suspend(): void {
    this.#to("broken");
    this.#askedAt = undefined;
    this.#isTurnOpen = false;
    this.#stopAsking();
    this.#handled.suspend();
  }

  resumed(h: number): void {
    const told = progress(counted(this.#acked), this.#list.size, h);
    if (told.kind !== "handled") {
      throw new BrokerError("PROTOCOL_ERROR", `<resumed h='${h}'/> ${misfit(told)}`);
    }
    this.#to("probing");
    this.#prove(told.newly);
    // A listener of a delivery may have ended the session.
    if (this.#state !== "probing") return;
    this.#list.begin({ delivery: undefined, bytes: 0 });
  }

  replay(): readonly Item[] {
    this.#to("live");
    this.#handled.resumed();
    return this.#list.items();
  }

  lost(h: number): void {
    const told = progress(counted(this.#acked), this.#list.size, h);
    if (told.kind === "handled") this.#prove(told.newly);
  }

  end(): readonly Unproven[] {
    if (this.#state === "over") return [];
    this.#to("over");
    this.#stopAsking();
    this.#handled.end();
    this.#waits.fail(unacknowledged());
    return this.#list.takeAll();
  }

  #count(entry: UnprovenEntry): void {
    this.#isTurnOpen = true;
    this.#list.push(entry);
  }

  /** Asks how many were handled, if some are not acknowledged and no question is open. */
  #ask(): void {
    if (this.#askedAt !== undefined || this.#list.size === 0 || this.#state !== "live") return;
    if (this.#line.nonza(xml("r", { xmlns: NS.streamManagement })))
      this.#askedAt = this.#parts.clock.now();
  }

  /**
   * The server tells how many it has handled. A number that goes back, and a text that is none, is passed over. One
   * that is too high counts stanzas that were never sent, so that none of its numbers proves anything.
   */
  #heard(element: Element): void {
    const { clock, instruments } = this.#parts;
    const h = readCount(element.attrs.h);
    const told = h === undefined ? undefined : progress(counted(this.#acked), this.#list.size, h);
    if (told?.kind === "handled") {
      if (this.#askedAt !== undefined) {
        instruments.stats.roundTrip = clock.now() - this.#askedAt;
        this.#askedAt = undefined;
      }
      if (this.#state !== "live") return;
      this.#prove(told.newly);
      // A listener of a delivery may have ended the session.
      if (told.newly === 0) this.#askLater();
      else if (!this.#isTurnOpen) this.#ask();
      this.#line.moved();
      return;
    }
    this.#askedAt = undefined;
    const detail =
      told === undefined
        ? "<a/> came without a number of handled stanzas"
        : `<a h='${h}'/> ${misfit(told)}`;
    instruments.dropped(element, new BrokerError("PROTOCOL_ERROR", detail));
    if (told?.kind === "too-high") this.#doubt(detail);
    else this.#askLater();
  }

  /** An `<a/>` that proves nothing is not answered at once: the two could go on like that for ever. */
  #askLater(): void {
    this.#stopAsking();
    if (this.#list.size === 0) return;
    this.#stopAsking = this.#parts.clock.after(ACK_WAIT, () => {
      this.#ask();
    });
  }

  /** So many more were handled. */
  #prove(newly: number): void {
    this.#acked += newly;
    this.#list.prove(newly, "stream-management");
    this.#waits.proven(this.#written - this.#list.deliveries);
  }

  #doubt(detail: string): void {
    if (this.#state !== "live") return;
    this.#to("doubted");
    this.#stopAsking();
    const { instruments } = this.#parts;
    const error = new BrokerError("ACK_UNAVAILABLE", detail);
    this.#why = error;
    this.#list.cannotProve(error);
    this.#waits.fail(error);
    instruments.stats.failed(error);
    const to = domainOf(this.#line.jid);
    instruments.emit("ack:unavailable", { to, way: "stream-management", error });
    this.#line.moved();
  }

  #to(state: State): void {
    this.#state = step("stream management", MANAGEMENT_STEPS, this.#state, state);
  }
}

/** The way in which a number of the server's does not fit. */
function misfit({ kind, by }: Exclude<Progress, { readonly kind: "handled" }>): string {
  return kind === "gone-back"
    ? `takes back ${by} that were acknowledged`
    : `counts ${by} more than were sent`;
}
