import { BrokerError } from "../../base/errors.ts";
import { isToBeRenewed } from "../../base/renewal.ts";
import { bareText } from "../../jid/jid.ts";
import type { Asked } from "../../stream/reply.ts";
import { isStanza } from "../../stream/stanza.ts";
import type { Element } from "../../xml/element.ts";
import { fingerprint } from "./fingerprint.ts";

/** An incoming request. */
export interface IncomingRequest extends Asked {
  /** `lost`: its session has ended, and an answer is worth nothing any more. */
  state: "open" | "answered" | "lost";
  /** How much it holds, in bytes. */
  readonly cost: number;
}

/** How many answered requests are remembered at least, so that a second answer can be refused; twice as many at most. */
const REMEMBERED = 1000;

/** A limit from `LEAST_DIVIDED` on is divided into so many shares, of which one asker gets one. */
const SHARES = 4;
const LEAST_DIVIDED = 16;

/** How much all open requests may hold, in bytes: ids and addresses may be long. */
const MOST_HELD = 16 * 1024 * 1024;

/** How much an open request holds beside its texts, in bytes. */
const COST = 256;

/** The incoming requests (`iq` of type get or set): each gets exactly one answer. */
export class IncomingRequests {
  #open: Map<string, IncomingRequest[]> | undefined;
  #closed = 0;
  /** The answered ones, in two parts: the older is forgotten as a whole. */
  #answered: Set<string> | undefined;
  #answeredBefore: Set<string> | undefined;
  /** The requests that the broker will not answer itself, oldest first. */
  #left: Set<IncomingRequest> | undefined;
  /** How many each asker has open: kept only while one of them could have its whole share. */
  #askers: Map<string, number> | undefined;
  readonly #limit: number;
  readonly #share: number;
  #size = 0;
  #held = 0;

  /** `limit`: how many may be open at once. From 16 on no asker gets more than a quarter, so that the others are served. */
  constructor(limit: number) {
    this.#limit = limit;
    this.#share = limit < LEAST_DIVIDED ? limit : Math.ceil(limit / SHARES);
  }

  /** Takes in a request; `undefined` if too many are open already, in all or of its asker's, or if they hold too much. */
  open({ attrs: { id, from, to } }: Element): IncomingRequest | undefined {
    const cost = COST + 2 * ((id?.length ?? 0) + (from?.length ?? 0) + (to?.length ?? 0));
    if (this.#size >= this.#limit) return undefined;
    while (this.#held + cost > MOST_HELD) if (!this.#forgetOldest()) return undefined;
    const entry: IncomingRequest = { id, from, to, state: "open", cost };
    if (this.#size >= this.#share) {
      this.#askers ??= this.#count();
      if ((this.#askers.get(askerOf(entry)) ?? 0) >= this.#share) return undefined;
    }
    const key = keyOf(from, id);
    this.#open ??= new Map();
    const others = this.#open.get(key);
    if (others === undefined) this.#open.set(key, [entry]);
    else others.push(entry);
    // The asker uses the id again: it may be answered again.
    this.#answered?.delete(key);
    this.#answeredBefore?.delete(key);
    this.#size++;
    this.#held += cost;
    this.#tally(entry, 1);
    return entry;
  }

  /** True if a stanza is the answer to a request that is open. */
  awaits(stanza: Element): boolean {
    if (this.#open === undefined || !isAnswerKind(stanza)) return false;
    return this.#open.has(keyOf(stanza.attrs.to, stanza.attrs.id));
  }

  /**
   * A stanza is about to be sent: if it is an answer, notes it. The error refuses a second answer
   * (`ALREADY_ANSWERED`); an answer to an unknown request is let through. `request`: the one it answers, where
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
    entry.state = "answered";
    if (this.#left?.delete(entry) !== true) this.#free(entry);
    if (this.#remove(key, entry)) this.#settle(key);
    return undefined;
  }

  /**
   * The broker itself will not answer this one any more. The program may, as long as it is remembered: as many
   * as may be open are, so that requests that are never answered do not keep new ones out.
   */
  leave(request: IncomingRequest): void {
    if (request.state !== "open") return;
    this.#free(request);
    this.#left ??= new Set();
    this.#left.add(request);
    if (this.#left.size > this.#limit) this.#forgetOldest();
  }

  /** The session ended: these answers are worth nothing on the next one. */
  end(): void {
    for (const entry of [...(this.#open?.values() ?? [])].flat()) entry.state = "lost";
    this.#open = undefined;
    this.#answered = undefined;
    this.#answeredBefore = undefined;
    this.#left = undefined;
    this.#askers = undefined;
    this.#size = 0;
    this.#held = 0;
  }

  #forgetOldest(): boolean {
    const [oldest] = this.#left ?? [];
    if (oldest === undefined) return false;
    this.#left?.delete(oldest);
    this.#remove(keyOf(oldest.from, oldest.id), oldest);
    return true;
  }

  /** One that was open counts no more. */
  #free(entry: IncomingRequest): void {
    this.#size--;
    // (Far enough below, that counting anew is always long ago.)
    if (this.#size <= this.#share / 2) this.#askers = undefined;
    this.#tally(entry, -1);
  }

  /** Counts all that are open, each for its asker. */
  #count(): Map<string, number> {
    const askers = new Map<string, number>();
    for (const entry of [...(this.#open?.values() ?? [])].flat()) {
      if (this.#left?.has(entry) !== true) add(askers, askerOf(entry), 1);
    }
    return askers;
  }

  #tally(entry: IncomingRequest, change: 1 | -1): void {
    if (this.#askers !== undefined) add(this.#askers, askerOf(entry), change);
  }

  /** Takes one away; true if it was the last of its key. */
  #remove(key: string, entry: IncomingRequest): boolean {
    const open = this.#open;
    const entries = open?.get(key) ?? [];
    const others = entries.filter((other) => other !== entry);
    if (others.length < entries.length) this.#held -= entry.cost;
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
  return entries.find(({ to }) => to === from);
}

function isAnswerKind(stanza: Element): boolean {
  const { type } = stanza.attrs;
  return (type === "result" || type === "error") && stanza.name === "iq" && isStanza(stanza);
}

/** The one asker of a request: an account with all its resources, and a room with all its occupants. */
function askerOf({ from = "" }: Asked): string {
  return bareText(from);
}

/** Counts for one asker; an asker with nothing open is not kept. */
function add(askers: Map<string, number>, asker: string, change: 1 | -1): void {
  const count = (askers.get(asker) ?? 0) + change;
  if (count > 0) askers.set(asker, count);
  else askers.delete(asker);
}

/** The two parts cannot run into each other: neither may hold a control character. */
function keyOf(asker: string | undefined, id: string | undefined): string {
  return fingerprint(`${asker ?? ""}\u0000${id ?? ""}`);
}
