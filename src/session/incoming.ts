import { BrokerError } from "../base/errors.ts";
import { isToBeRenewed } from "../base/renewal.ts";
import { bareText } from "../jid/jid.ts";
import { errorElement, type StanzaError } from "../stream/stanza-error.ts";
import { type Element, xml } from "../xml/element.ts";

/** An incoming request and whether it has been answered. */
export interface IncomingRequest {
  readonly stanza: Element;
  answered: boolean;
}

/** How many answered requests are remembered, so that a second answer can be refused: at least, twice as many at most. */
const REMEMBERED = 1000;

/** Into how many shares all that may be open is divided, of which an asker gets one; a smaller limit is not divided. */
const SHARES = 4;
const LEAST_DIVIDED = 16;

/** The incoming requests (`iq` of type get or set): each gets exactly one answer. */
export class IncomingRequests {
  #open: Map<string, IncomingRequest[]> | undefined;
  #closed = 0;
  /** The answered ones, in two parts: the older is forgotten as a whole. */
  #answered: Set<string> | undefined;
  #answeredBefore: Set<string> | undefined;
  /** Those that nobody of ours is at work on, oldest first. */
  #left: Set<IncomingRequest> | undefined;
  /** How many each asker has open: kept only while so many are that one of them could have its whole share. */
  #askers: Map<string, number> | undefined;
  readonly #limit: number;
  readonly #share: number;
  #size = 0;

  /** `limit`: how many may be open at once. From 16 on no asker gets more than a quarter, so that the others are served. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#share = limit < LEAST_DIVIDED ? limit : Math.ceil(limit / SHARES);
  }

  /** Takes in a request; `undefined` if as many as may be are open already, or as many of its asker's. */
  open(stanza: Element): IncomingRequest | undefined {
    if (this.#size >= this.#limit) return undefined;
    if (this.#size >= this.#share) {
      this.#askers ??= this.#count();
      if ((this.#askers.get(askerOf(stanza)) ?? 0) >= this.#share) return undefined;
    }
    const key = keyOf(stanza.attrs.from, stanza.attrs.id);
    const entry: IncomingRequest = { stanza, answered: false };
    this.#open ??= new Map();
    const others = this.#open.get(key);
    if (others === undefined) this.#open.set(key, [entry]);
    else others.push(entry);
    // The asker uses the id again: it may be answered again.
    this.#answered?.delete(key);
    this.#answeredBefore?.delete(key);
    this.#size++;
    this.#tally(stanza, 1);
    return entry;
  }

  /** Whether a stanza is the answer to a request that is open. */
  awaits(stanza: Element): boolean {
    if (this.#open === undefined || !isAnswerKind(stanza)) return false;
    return this.#open.has(keyOf(stanza.attrs.to, stanza.attrs.id));
  }

  /**
   * A stanza is about to be sent: if it is an answer, notes it. The error refuses a second answer
   * (`ALREADY_ANSWERED`); an answer to nothing we know is let through. `request`: which one it answers, where
   * that is known.
   */
  answer(stanza: Element, request?: IncomingRequest): BrokerError | undefined {
    if (!isAnswerKind(stanza)) return undefined;
    const key = keyOf(stanza.attrs.to, stanza.attrs.id);
    const entries = this.#open?.get(key);
    if (entries === undefined) {
      const isAnswered = this.#answered?.has(key) ?? false;
      return isAnswered || this.#answeredBefore?.has(key)
        ? new BrokerError("ALREADY_ANSWERED")
        : undefined;
    }
    const isKnown = request !== undefined && entries.includes(request);
    const entry = isKnown ? request : choose(entries, stanza.attrs.from);
    if (entry === undefined) return undefined;
    entry.answered = true;
    if (this.#left?.delete(entry) !== true) this.#free(entry);
    if (this.#remove(key, entry)) this.#settle(key);
    return undefined;
  }

  /**
   * The broker itself will not answer this one any more. The program may, as long as it is remembered: as many
   * as may be open are, so that requests nobody ever answers do not keep new ones out.
   */
  leave(request: IncomingRequest): void {
    if (request.answered) return;
    this.#free(request);
    this.#left ??= new Set();
    this.#left.add(request);
    if (this.#left.size <= this.#limit) return;
    const [oldest] = this.#left;
    if (oldest === undefined) return;
    this.#left.delete(oldest);
    this.#remove(keyOf(oldest.stanza.attrs.from, oldest.stanza.attrs.id), oldest);
  }

  /** The connection ended: nobody waits for these answers any more. */
  end(): void {
    for (const entry of [...(this.#open?.values() ?? [])].flat()) entry.answered = true;
    this.#open = undefined;
    this.#answered = undefined;
    this.#answeredBefore = undefined;
    this.#left = undefined;
    this.#askers = undefined;
    this.#size = 0;
  }

  /** One that was open counts no more. */
  #free({ stanza }: IncomingRequest): void {
    this.#size--;
    // (Far enough below, that counting anew is always long ago.)
    if (this.#size <= this.#share / 2) this.#askers = undefined;
    this.#tally(stanza, -1);
  }

  /** Counts all that are open, each for its asker. */
  #count(): Map<string, number> {
    const askers = new Map<string, number>();
    for (const entry of [...(this.#open?.values() ?? [])].flat()) {
      if (this.#left?.has(entry) !== true) add(askers, askerOf(entry.stanza), 1);
    }
    return askers;
  }

  #tally(stanza: Element, change: 1 | -1): void {
    if (this.#askers !== undefined) add(this.#askers, askerOf(stanza), change);
  }

  /** Takes one away; true if it was the last of its key. */
  #remove(key: string, entry: IncomingRequest): boolean {
    const open = this.#open;
    const others = open?.get(key)?.filter((other) => other !== entry) ?? [];
    if (open === undefined) return true;
    if (others.length > 0) open.set(key, others);
    else open.delete(key);
    if (isToBeRenewed(++this.#closed, open.size)) {
      this.#closed = 0;
      this.#open = new Map(open);
    }
    return others.length === 0;
  }

  #settle(key: string): void {
    this.#answered ??= new Set();
    this.#answered.add(key);
    if (this.#answered.size < REMEMBERED) return;
    this.#answeredBefore = this.#answered;
    this.#answered = undefined;
  }
}

/** A component may be asked at several addresses by one asker with one id: then `from` tells which it is. */
function choose(
  entries: readonly IncomingRequest[],
  from: string | undefined,
): IncomingRequest | undefined {
  if (from === undefined || entries.length === 1) return entries[0];
  return entries.find(({ stanza }) => stanza.attrs.to === from);
}

/** Whether an element is a request that must be answered. */
export function isRequest(element: Element): boolean {
  const { type } = element.attrs;
  return element.name === "iq" && (type === "get" || type === "set");
}

function isAnswerKind(stanza: Element): boolean {
  if (stanza.name !== "iq") return false;
  const { type } = stanza.attrs;
  return type === "result" || type === "error";
}

/** The result for a request, with the payload given. */
export function resultFor(request: Element, payload?: Element): Element {
  const { id, from, to } = request.attrs;
  return xml("iq", { type: "result", id, to: from, from: to }, payload);
}

/** The error for a request: that condition, or what a handler threw. */
export function errorFor(request: Element, error: string | StanzaError): Element {
  const { id, from, to } = request.attrs;
  const payload = typeof error === "string" ? errorElement(error) : error.toElement();
  return xml("iq", { type: "error", id, to: from, from: to }, payload);
}

/** Who counts as one asker: an account with all its resources, and a room with all that are in it. */
function askerOf({ attrs: { from = "" } }: Element): string {
  return bareText(from);
}

/** Counts for one asker; who has nothing open is not kept. */
function add(askers: Map<string, number>, asker: string, change: 1 | -1): void {
  const count = (askers.get(asker) ?? 0) + change;
  if (count > 0) askers.set(asker, count);
  else askers.delete(asker);
}

/** The two parts cannot run into each other: neither may hold a control character. */
function keyOf(asker: string | undefined, id: string | undefined): string {
  return `${asker ?? ""}\u0000${id ?? ""}`;
}
