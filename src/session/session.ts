import { BrokerError } from "../base/errors.ts";
import { Fifo } from "../base/fifo.ts";
import { count } from "../contract/stats.ts";
import type { Prober } from "../link/keep-alive.ts";
import type { Carried, Link } from "../link/link.ts";
import type { Previous } from "../negotiate/login.ts";
import { isStanza } from "../stream/stanza.ts";
import type { Stream } from "../stream/stream.ts";
import type { Element } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import type { AckLine, Acks, Unproven } from "./acks/acks.ts";
import type { Item } from "./delivery/item.ts";
import { Returnable } from "./delivery/returned.ts";
import type { SessionParts } from "./parts.ts";
import { Probe } from "./probe.ts";
import { takeApart } from "./take-apart.ts";
import { TakenIn } from "./taken-in.ts";
import { toClient } from "./translate.ts";

/**
 * One bound address, over one link or several: it writes stanzas, sorts arriving ones, and holds what waits for an
 * answer. While `link` is undefined the session waits to be resumed.
 */
export class Session implements Carried, Prober, AckLine {
  readonly jid: string;
  readonly mayGoOn: boolean;
  /** The proofs that the server has handled what was written. */
  readonly acks: Acks;
  readonly #parts: SessionParts;
  readonly #takenIn = new TakenIn();
  #link: Link | undefined;
  #stream: Stream | undefined;
  /** Bytes handed over that the system has not taken yet. A field, since the way out asks for it with each stanza. */
  unsent = 0;
  /** Bytes that the system has taken since the link's start. */
  #taken = 0;
  /** Handed over and not yet taken by the system. */
  readonly #inFlight = new Fifo<Item>();
  #returnable: Returnable | undefined;
  readonly #probe: Probe;

  constructor(parts: SessionParts) {
    this.jid = parts.jid;
    this.#parts = parts;
    this.mayGoOn = parts.management?.id !== undefined;
    this.#takenIn.count = parts.handled;
    this.acks = parts.acks(this);
    this.#probe = new Probe(parts, this);
  }

  /** The link in force. */
  get link(): Link | undefined {
    return this.#link;
  }

  /** How many stanzas of the server's were handled (XEP-0198, 4): all up to this number were taken in. */
  get handled(): number {
    return this.#takenIn.count;
  }

  /** True if the session may go on over another link. */
  get isResumable(): boolean {
    return this.mayGoOn && this.acks.resumption !== undefined;
  }

  /** The facts to resume it by; `undefined`: it cannot be resumed. */
  get previous(): Previous | undefined {
    const { id, max, location } = this.#parts.management ?? {};
    if (id === undefined) return undefined;
    return { id, h: this.handled, jid: this.jid, max, location };
  }

  /** True if reading must go on: the answer to a question of the session's own is under way. */
  get mustRead(): boolean {
    return this.#probe.isOpen || this.acks.mustRead;
  }

  /** Bytes handed over to the link in force. */
  get handed(): number {
    return this.#stream?.channel.handed ?? 0;
  }

  /** True if reading is paused. */
  get isPaused(): boolean {
    return this.#stream?.isPaused === true;
  }

  /** For how long reading has been paused on the link in force, in milliseconds. */
  get pausedTime(): number {
    return this.#stream?.pausedTime ?? 0;
  }

  /** A service answers for a domain, an account for itself (XEP-0114). */
  get isService(): boolean {
    return !this.jid.includes("@");
  }

  /** Writes go over this link from now on. */
  use(link: Link): void {
    const { stream } = link;
    this.#link = link;
    this.#stream = stream;
    this.unsent = stream?.channel.unsent ?? 0;
    this.#taken = this.handed - this.unsent;
  }

  /** The server goes on with the session (XEP-0198, 5), having handled so many stanzas of ours. */
  resumed(h: number): void {
    this.acks.resumption?.resumed(h);
  }

  pinged(id: string): void {
    this.#probe.remember(id);
  }

  /** Goes on over this link: what the server has not handled is written again, in order. */
  goOn(link: Link): void {
    this.use(link);
    this.#takenIn.again();
    for (const item of this.acks.resumption?.replay() ?? []) {
      if (!this.#pass(item.text, item.stanza)) return;
      item.at = this.handed;
      this.#inFlight.push(item);
    }
    this.acks.leaving();
  }

  /** Elements are handled from now on: first those that came during the login, then those that arrive. */
  begin(): void {
    const link = this.#link;
    if (link === undefined) return;
    const { deferred, uncounted, hasResumed } = link;
    const takenIn = this.#takenIn;
    for (const [index, element] of deferred.entries()) {
      if (this.#link !== link) return;
      takenIn.isCounting = index >= uncounted;
      this.element(element);
    }
    takenIn.isCounting = true;
    if (this.#link !== link) return;
    // The answer to the login's ping came behind all of these.
    if (hasResumed) takenIn.add();
    link.carry(this);
  }

  /** The link is gone, and the session goes on or not. Returns, in order, what nothing more will be known of. */
  detach(goesOn: boolean): readonly Unproven[] {
    this.#link = undefined;
    this.#stream = undefined;
    this.unsent = 0;
    this.#probe.stop();
    // A part of those that the system had not taken whole may have left.
    const handed = this.#inFlight.takeAll().map((item) => ({ delivery: item.delivery, item }));
    const { resumption } = this.acks;
    if (goesOn && resumption !== undefined) {
      resumption.suspend();
      return handed.filter(({ delivery }) => delivery.isOpen && !delivery.isTracked);
    }
    const inFlight = new Set(handed.map(({ delivery }) => delivery));
    const others = this.acks.end().filter(({ delivery }) => !inFlight.has(delivery));
    return [...others, ...handed].filter(({ delivery }) => delivery.isOpen);
  }

  /** Hands a stanza over to the link; false where it takes none any more. */
  write(item: Item): boolean {
    const { instruments, dialect } = this.#parts;
    const { text, stanza, returning, request } = item;
    const handed = this.#stream?.ours.write(text) ?? 0;
    if (handed === 0) return false;
    if (instruments.emitter.has("trace")) instruments.wire("out", stanza, text);
    instruments.stats.sentBytes += handed - this.#taken - this.unsent;
    this.unsent = handed - this.#taken;
    item.at = handed;
    count(instruments.stats.sent, stanza.name);
    if (request !== undefined) request.session = this;
    this.#inFlight.push(item);
    this.acks.wrote(item);
    if (dialect.returns && returning !== undefined) {
      this.#returnable ??= new Returnable();
      this.#returnable.remember(item.delivery, returning);
    }
    if (instruments.emitter.has("sent")) instruments.stanza("sent", { stanza });
    return true;
  }

  /** Resolves when the system has taken every stanza that was handed over, or will not take it any more. */
  async written(): Promise<void> {
    await Promise.allSettled(this.#inFlight.all().map(({ delivery }) => delivery.written()));
  }

  probe(): void {
    this.#probe.send();
  }

  /** Writes a stanza of the session's own, past the queue; false where the link takes none. */
  own(stanza: Element): boolean {
    const { dialect, writeElement } = this.#parts;
    const wire = dialect.outbound?.(stanza) ?? stanza;
    const text = writeElement(wire);
    if (!this.#pass(text, wire)) return false;
    this.acks.wroteOwn(text);
    return true;
  }

  nonza(element: Element): boolean {
    return this.#pass(this.#parts.writeElement(element), element);
  }

  /** Writes past the queue. */
  #pass(text: string, element: Element): boolean {
    const handed = this.#stream?.ours.write(text) ?? 0;
    if (handed === 0) return false;
    this.#parts.instruments.wire("out", element, text);
    this.unsent = handed - this.#taken;
    return true;
  }

  readingChanged(): void {
    this.#parts.inbox.regulate();
  }

  moved(): void {
    this.#parts.outbox.drain();
  }

  // Events of the stream.

  element(element: Element): void {
    const { context, dialect, requests, inbox, instruments } = this.#parts;
    const taken = takeApart(element, dialect, instruments);
    if (taken === undefined) {
      if (isStanza(element)) this.#takenIn.add();
      return;
    }
    const { stanza, route, returned, dropped } = taken;
    if (stanza.ns !== context.ns && stanza.ns !== NS.client) {
      this.#came(stanza);
      return;
    }
    toClient(stanza, context.ns);
    this.#takenIn.add();
    // (A ping of ours that comes back is for another domain, and would be dropped.)
    if (this.acks.stanza(stanza)) return;
    if (dropped !== undefined) {
      instruments.dropped(stanza, dropped);
      return;
    }
    if (this.#probe.heard(stanza)) return;
    count(instruments.stats.received, stanza.name);
    if (returned !== undefined) this.#returned(stanza, returned);
    else if (!requests.answer(stanza, this) && !inbox.arrived(stanza, route))
      this.#takenIn.refuse();
  }

  leaving(): void {
    this.acks.leaving();
  }

  closing(): void {
    this.acks.acknowledge();
  }

  taken(total: number): void {
    const { instruments, outbox } = this.#parts;
    this.unsent -= total - this.#taken;
    this.#taken = total;
    const items = this.#inFlight;
    // (A listener may end the session, which empties the list.)
    for (let item = items.front; item !== undefined && item.at <= total; item = items.front) {
      items.shift();
      // A bounce or a proof may have come before.
      if (!item.delivery.isHanded) continue;
      item.delivery.take();
      instruments.delivery(item.delivery, item.stanza);
    }
    this.acks.taken(total);
    outbox.drain();
  }

  /** An element that is no stanza (RFC 6120, 8): it reaches no filter. */
  #came(element: Element): void {
    if (this.acks.nonza(element) || this.#parts.requests.answer(element, this)) return;
    const detail = `<${element.name}> in ${element.ns ?? "no namespace"} came, and nothing asked for it`;
    this.#parts.instruments.dropped(element, new BrokerError("PROTOCOL_ERROR", detail));
  }

  /** A stanza of ours came back: ends its request, or its delivery. */
  #returned(stanza: Element, error: BrokerError): void {
    const { requests, instruments } = this.#parts;
    const delivery = this.#returnable?.take(stanza);
    const hadNoVerdict = delivery?.isOpen === true;
    if (requests.fail(stanza, error, this)) return;
    if (delivery !== undefined && hadNoVerdict) {
      delivery.fail(error);
      instruments.delivery(delivery, stanza);
    } else {
      instruments.emit("returned", { stanza, error, delivery });
    }
  }
}
