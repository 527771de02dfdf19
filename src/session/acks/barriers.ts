import type { Clock } from "../../base/clock.ts";
import { type Crypto, randomId } from "../../base/crypto/crypto.ts";
import { quiet } from "../../base/deferred.ts";
import { BrokerError } from "../../base/errors.ts";
import type { Instruments } from "../../contract/instruments.ts";
import type { AcksSetting } from "../../contract/rows/acks-option.ts";
import type { Dialect } from "../../dialect/dialect.ts";
import type { Element } from "../../xml/element.ts";
import type { Keeper, TrackedDelivery } from "../delivery/delivery.ts";
import type { Item } from "../delivery/item.ts";
import { type AckLine, type Acks, type Unproven, unacknowledged } from "./acks.ts";
import { AnswerTimer } from "./answer-timer.ts";
import { ProofWaits } from "./proof-waits.ts";
import { type BareStanza, UnprovenList } from "./unproven-list.ts";
import { judge, pingOf, type Way, waysOf } from "./ways.ts";

/** How long an answer may take once the ping has left, in milliseconds; then the way is given up. */
export const ANSWER_TIME = 10_000;

/** How long the first answer of a barrier may take, in milliseconds; a slower one is no way to go on. */
export const FIRST_ANSWER_TIME = 5_000;

/** The parts of the proofs of one session. */
export interface BarrierParts {
  readonly settings: { readonly acks: AcksSetting; readonly dialect: Pick<Dialect, "echo"> };
  readonly crypto: Pick<Crypto, "random">;
  readonly clock: Clock;
  readonly instruments: Instruments;
}

/** A ping that is under way, or was given up. */
interface Ask {
  readonly id: string;
  readonly way: Way;
  readonly ping: Element;
  /** The bytes handed over before it, and the tracked stanzas that were: its answer proves these. */
  readonly upTo: number;
  readonly tracked: number;
  /** The bytes handed over with it. */
  end: number;
}

/**
 * Proofs by barriers: pings whose answer proves that everything written before them was handled, since a server
 * handles the stanzas of a stream in order. One is under way at a time, and none while nothing waits for a proof.
 *
 *     C: <message/><message/><iq type='get' id='…' to='example.org'><ping/></iq>
 *     C: <message/>
 *     S: <iq type='result' id='…' from='example.org'/>
 *        ^ here: the first two are proven; the next barrier leaves for the third
 */
export class Barriers implements Acks, Keeper {
  /** The answer to a ping says nothing of the next link. */
  readonly resumption = undefined;
  readonly #parts: BarrierParts;
  readonly #line: AckLine;
  /** True if every delivery waits for a proof. */
  readonly #isAlways: boolean;
  /** The ways that are left, the one in use first; found when the first proof is wanted. */
  #ways: Way[] | undefined;
  /** Made for the first that waits: most sessions never have one. */
  #unproven: UnprovenList | undefined;
  #open: Ask | undefined;
  /** Pings that were given up, by id: their answers are no traffic, and prove what they prove. */
  #givenUp: Map<string, Ask> | undefined;
  readonly #waits = new ProofWaits();
  /** Why no proof is to be had. */
  #why: BrokerError | undefined;
  /** True if the way in use has been answered. */
  #isAnswered = false;
  /** True if stanzas were written in this turn, and its write is still to leave. */
  #isTurnOpen = false;
  /** Bytes handed over with the last stanza, and those that are proven. */
  #wroteTo = 0;
  #provenTo = 0;
  #isOver = false;
  /** Runs once the ping that is under way has left this machine. Made for the first ping: it weighs 0.3 KB. */
  #timer: AnswerTimer | undefined;

  constructor(parts: BarrierParts, line: AckLine) {
    this.#parts = parts;
    this.#line = line;
    this.#isAlways = parts.settings.acks === "always";
  }

  get mustRead(): boolean {
    return this.#open !== undefined;
  }

  get hasUnproven(): boolean {
    return this.#unproven !== undefined && this.#unproven.size > 0;
  }

  find(key: string): TrackedDelivery | undefined {
    return this.#unproven?.find(key);
  }

  admits(item: Item): boolean {
    const unproven = this.#unproven;
    // (Most sessions track nothing, and do not look for a way.)
    if (unproven === undefined || unproven.size === 0 || this.#way === undefined) return true;
    return unproven.admits(item);
  }

  wrote(item: Item): void {
    const { delivery, bytes, tracked, at } = item;
    this.#wroteTo = at;
    this.#isTurnOpen = true;
    const isAsked = delivery.handOver(this);
    if (tracked !== undefined) this.#track(item);
    else if (this.#isAlways || isAsked) this.#track({ delivery, bytes, tracked });
  }

  wroteOwn(): void {}

  ask(delivery: TrackedDelivery): void {
    if (this.#isOver) this.#askLate(delivery);
    else {
      this.#askFor(delivery);
      if (!this.#isTurnOpen) this.#send();
    }
  }

  taken(total: number): void {
    const open = this.#open;
    if (open === undefined || total < open.end || this.#timer?.isRunning === true) return;
    this.#timer ??= new AnswerTimer(this.#parts.clock, this.#line, ANSWER_TIME, () => {
      this.#late();
    });
    this.#timer.start();
  }

  leaving(): void {
    this.#send();
    // Text that a listener has written meanwhile leaves with this write.
    this.#isTurnOpen = false;
  }

  stanza(stanza: Element): boolean {
    const { id } = stanza.attrs;
    if (id === undefined || stanza.name !== "iq") return false;
    const ask = this.#open?.id === id ? this.#open : this.#givenUp?.get(id);
    if (ask === undefined) return false;
    const verdict = judge(ask.way, ask.ping, stanza, this.#line.jid);
    if (verdict === "proof") this.#proven(ask);
    else if (verdict === "bounce" && ask === this.#open) {
      this.#giveUp(ask, `the ping to ${ask.way.to} came back, with its addresses not swapped`);
    }
    return true;
  }

  nonza(): boolean {
    return false;
  }

  acknowledge(): void {}

  proof(): Promise<void> {
    if (this.#isOver) return quiet(Promise.reject(unacknowledged()));
    if (this.#wroteTo <= this.#provenTo) return Promise.resolve();
    if (this.#way === undefined) return quiet(Promise.reject(this.#reason()));
    const proven = this.#waits.until(this.#wroteTo);
    if (!this.#isTurnOpen) this.#send();
    return proven;
  }

  end(): readonly Unproven[] {
    this.#isOver = true;
    this.#close();
    this.#givenUp = undefined;
    this.#waits.fail(unacknowledged());
    return this.#unproven?.takeAll() ?? [];
  }

  get #way(): Way | undefined {
    const { acks, dialect } = this.#parts.settings;
    this.#ways ??= waysOf(acks, dialect, this.#line);
    return this.#ways[0];
  }

  /** Tracks a delivery that the program asks about. Only the place behind it is known by now. */
  #askFor(delivery: TrackedDelivery): void {
    if (!delivery.isTracked) this.#track({ delivery, bytes: 0, tracked: undefined });
    else if (this.#way === undefined) delivery.cannotProve(this.#reason());
  }

  /** Settles a delivery of which nothing was kept. The others are settled by those that the session leaves them to. */
  #askLate(delivery: TrackedDelivery): void {
    if (delivery.isTracked || delivery.isHanded) return;
    delivery.fail(unacknowledged());
    this.#parts.instruments.delivery(delivery, undefined);
  }

  #track(entry: Item | BareStanza): void {
    this.#unproven ??= new UnprovenList(this.#parts.instruments);
    this.#unproven.push(entry);
    if (this.#way !== undefined) return;
    const reason = this.#reason();
    entry.delivery.cannotProve(reason);
    this.#unproven.letGo(reason);
  }

  /** Sends a ping, if something waits for one and none is under way. */
  #send(): void {
    const isWanted = this.hasUnproven || !this.#waits.isEmpty;
    const way = isWanted && this.#open === undefined && !this.#isOver ? this.#way : undefined;
    if (way === undefined) return;
    const line = this.#line;
    const id = randomId(this.#parts.crypto);
    const ping = pingOf(way, id, line);
    // A listener of the trace may send a stanza as the ping is written: the answer does not prove that one.
    const tracked = this.#unproven?.added ?? 0;
    const ask = { id, way, ping, upTo: line.handed, tracked, end: Number.POSITIVE_INFINITY };
    this.#open = ask;
    if (!line.own(ping)) {
      this.#open = undefined;
      return;
    }
    ask.end = line.handed;
    line.readingChanged();
  }

  #proven(ask: Ask): void {
    const { way, upTo, tracked } = ask;
    const time = this.#timer?.time ?? 0;
    const isFirst = ask === this.#open && !this.#isAnswered;
    if (ask === this.#open) {
      this.#close();
      this.#isAnswered = true;
      this.#parts.instruments.stats.roundTrip = time;
    } else this.#givenUp?.delete(ask.id);
    this.#provenTo = Math.max(this.#provenTo, upTo);
    this.#unproven?.proveUpTo(tracked, way.kind);
    this.#waits.proven(this.#provenTo);
    // A listener of a delivery may have ended the session.
    if (this.#isOver) return;
    const hasOther = (this.#ways?.length ?? 0) > 1;
    if (isFirst && way.kind === "barrier" && time > FIRST_ANSWER_TIME && hasOther) {
      this.#next(way, `the first answer took ${Math.round(time)} ms`);
    } else if (!this.#isTurnOpen) this.#send();
    this.#line.readingChanged();
    this.#line.moved();
  }

  /** The time of the answer is over. */
  #late(): void {
    const open = this.#open;
    if (open === undefined) return;
    this.#giveUp(open, `${open.way.to} has not answered within ${ANSWER_TIME} ms`);
  }

  /** A ping is not waited for any more. Its answer may still come. */
  #giveUp(ask: Ask, detail: string): void {
    this.#close();
    this.#givenUp ??= new Map();
    this.#givenUp.set(ask.id, ask);
    this.#next(ask.way, detail);
    this.#line.readingChanged();
    this.#line.moved();
  }

  /** A way is given up for this session: goes on to the next, or tells that no proof is to be had. */
  #next({ kind, to }: Way, detail: string): void {
    const { instruments } = this.#parts;
    const error = new BrokerError("ACK_UNAVAILABLE", detail);
    this.#ways?.shift();
    this.#isAnswered = false;
    if (this.#way === undefined) this.#none(error);
    instruments.stats.failed(error);
    instruments.emit("ack:unavailable", { to, way: kind, error });
    if (!this.#isTurnOpen) this.#send();
  }

  #none(error: BrokerError): void {
    this.#why = error;
    this.#unproven?.cannotProve(error);
    this.#waits.fail(error);
  }

  /** Why no proof is to be had. Where there was no way from the start, this tells of it once. */
  #reason(): BrokerError {
    if (this.#why !== undefined) return this.#why;
    const { settings, instruments } = this.#parts;
    const { jid } = this.#line;
    const isOff = settings.acks === false;
    const detail = isOff ? "`acks` is false" : `nobody proves anything to ${jid}: give \`acks.to\``;
    const error = new BrokerError("ACK_UNAVAILABLE", detail);
    this.#why = error;
    if (!isOff) {
      instruments.stats.failed(error);
      instruments.emit("ack:unavailable", { to: jid, way: "echo", error });
    }
    return error;
  }

  #close(): void {
    this.#open = undefined;
    this.#timer?.stop();
  }
}
