import { unique } from "../dictionary.ts";
import { isQName } from "../qname.ts";
import { Literal, LONGEST_LITERAL } from "./bytes/literal.ts";

const NOTHING = new Literal("");

/** A namespace name that is recognized by its bytes. */
export interface KnownNamespace {
  readonly uri: string;
  readonly literal: Literal;
}

const NO_NAMESPACE: KnownNamespace = { uri: "", literal: NOTHING };

/** A qualified name as it was spelt. It was checked and taken apart once. */
export class Name {
  /** Its number among the known names; -1 if it is not kept. */
  readonly id: number;
  readonly hash: number;
  /** Its bytes; none if it is not kept. */
  readonly literal: Literal;
  /** As spelt: `stream:features`. */
  readonly qualified: string;
  /** The part before the colon; `""` if there is none. */
  readonly prefix: string;
  /** The part behind the colon, or all of it. */
  readonly local: string;
  /** True if it is `xmlns` or begins with `xmlns:`. */
  readonly declares: boolean;
  /** True if it is `xmlns`. */
  readonly isDefault: boolean;
  /** True if it has no prefix and declares nothing. */
  readonly plain: boolean;

  // Guesses from the last two times. A wrong one costs a comparison.

  /** The attributes that followed this name of an element or attribute. */
  next: Name = this;
  otherNext: Name = this;
  /** The elements whose start tags followed that of an element of this name. */
  follower: Name = this;
  otherFollower: Name = this;
  /** The default namespaces that elements of this name declared. */
  namespace: KnownNamespace = NO_NAMESPACE;
  otherNamespace: KnownNamespace = NO_NAMESPACE;
  /** The namespace of an attribute of this name, and its key there: `{uri}local`. */
  uri = "";
  key = "";

  constructor(id: number, hash: number, literal: Literal, qualified: string) {
    const colon = qualified.indexOf(":");
    this.id = id;
    this.hash = hash;
    this.literal = literal;
    this.qualified = qualified;
    this.prefix = colon < 0 ? "" : qualified.slice(0, colon);
    const local = qualified.slice(colon + 1);
    this.local = id < 0 ? local : unique(local);
    this.isDefault = qualified === "xmlns";
    this.declares = this.prefix === "xmlns" || this.isDefault;
    this.plain = colon < 0 && !this.declares;
  }

  /** Makes an attribute the first guess after this name. */
  expectNext(name: Name): void {
    if (name.id < 0 || this.id < 0 || name === this.next) return;
    this.otherNext = this.next;
    this.next = name;
  }

  /** Makes an element the first guess after a start tag of this name. */
  expectFollower(name: Name): void {
    if (name.id < 0 || this.id < 0 || name === this.follower) return;
    this.otherFollower = this.follower;
    this.follower = name;
  }

  /** Makes a namespace the first guess for elements of this name. */
  expectNamespace(namespace: KnownNamespace): void {
    if (namespace === this.namespace) return;
    this.otherNamespace = this.namespace;
    this.namespace = namespace;
  }
}

/*
 * The table of names of this process, by the hash of their bytes. Peers fill it, so it is bounded: the
 * number of names, the length of each, and the steps of a search. A name is kept when it comes again
 * soon, so names that come once change nothing. A full table is emptied, and the names in use come
 * back after two uses each. A name that is not in the table takes longer to read, and nothing else.
 */
const SLOT_BITS = 12;
const SLOTS = 1 << SLOT_BITS;
/** The longest name that is kept, in bytes. */
export const LONGEST_NAME = 64;
/** How many slots a search looks at. In a table that is half full about one name in a thousand needs more. */
const FARTHEST = 16;
/** The most names that are kept; each has an `id` below this. */
export const MOST_NAMES = 2048;
/** After so many names that found no free slot the table is emptied. */
const MOST_CROWDED = 64;

/** The start of every hash. */
export const SEED = secret();
/**
 * The factor of every hash. It is secret, so a peer cannot choose names that share a slot. A public
 * factor would allow it, whatever the start is: with `31 * hash + byte`, `Aa` and `BB` have one hash.
 */
const FACTOR = (secret() & ~7) | 5;

function secret(): number {
  return Math.floor(Math.random() * 0x1_0000_0000) | 0;
}

/** The next hash, one byte on. */
export function hashOn(hash: number, byte: number): number {
  return Math.imul(hash ^ byte, FACTOR);
}

/** Stands for a name where there is none. */
export const NO_NAME: Name = new Name(-1, 0, NOTHING, "");

const table: Name[] = new Array<Name>(SLOTS).fill(NO_NAME);
let known = 0;
/** Names that found no free slot since the table was emptied. */
let crowded = 0;

const HASH_BITS = 10;
/** So many names that share a place are remembered, so that a few names in turn do not make each other forgotten. */
const WAYS = 4;
/** Hashes of names that came once, newest first in each place. */
const hashes = new Int32Array(1 << HASH_BITS);

/** The upper bits of a hash that is mixed once more: few secret factors are poor, and this makes up for it. */
function upperBits(hash: number, bits: number): number {
  return Math.imul(hash ^ (hash >>> 15), 0x9e3779b1) >>> (32 - bits);
}

function cameBefore(hash: number): boolean {
  const place = upperBits(hash, HASH_BITS) & -WAYS;
  for (let way = place; way < place + WAYS; way++) if (hashes[way] === hash) return true;
  hashes.copyWithin(place + 1, place, place + WAYS - 1);
  hashes[place] = hash;
  return false;
}

function slotOf(hash: number): number {
  return upperBits(hash, SLOT_BITS);
}

/** The known name of this hash and length that stands at `at`, if there is one. */
export function knownName(
  view: DataView,
  at: number,
  length: number,
  hash: number,
): Name | undefined {
  let slot = slotOf(hash);
  for (let tries = FARTHEST; tries > 0; tries--) {
    const name = table[slot] ?? NO_NAME;
    if (name.hash === hash) {
      if (name.literal.length === length && name.literal.standsAt(view, at)) return name;
    }
    if (name === NO_NAME) return undefined;
    slot = (slot + 1) & (SLOTS - 1);
  }
  return undefined;
}

/**
 * Empties a table that has no room for new names, and returns whether it did. Names from before must
 * not be compared by `id` with those from after it.
 */
export function makeRoom(): boolean {
  if (known < MOST_NAMES && crowded < MOST_CROWDED) return false;
  table.fill(NO_NAME);
  known = crowded = 0;
  return true;
}

/** Makes a name, and keeps it if it came before. Undefined if the text is no legal name. */
export function learnName(qualified: string, hash: number): Name | undefined {
  if (!isQName(qualified)) return undefined;
  if (qualified.length <= LONGEST_NAME && known < MOST_NAMES && cameBefore(hash)) {
    const slot = freeSlot(hash);
    if (slot >= 0) {
      const name = new Name(known++, hash, new Literal(qualified), unique(qualified));
      table[slot] = name;
      return name;
    }
    crowded++;
  }
  return new Name(-1, hash, NOTHING, qualified);
}

function freeSlot(hash: number): number {
  let slot = slotOf(hash);
  for (let tries = FARTHEST; tries > 0; tries--) {
    if (table[slot] === NO_NAME) return slot;
    slot = (slot + 1) & (SLOTS - 1);
  }
  return -1;
}

const namespaces = new Map<string, KnownNamespace>();
const MOST_NAMESPACES = 512;
/** Namespace names without a character that needs a reference in either kind of quotes. */
const UNESCAPED = /^[!#-%(-;=?-~]*$/;

/** Namespace names that came once. */
const once = new Set<string>();
const MOST_ONCE = 128;

/** The namespace of this name, if it is known. */
export function knownNamespace(uri: string): KnownNamespace | undefined {
  return namespaces.get(uri);
}

/** Recognizes a legal namespace name, and keeps it if it came before and is fit for that. */
export function learnNamespace(uri: string): KnownNamespace | undefined {
  const found = namespaces.get(uri);
  if (found !== undefined) return found;
  if (uri.length > LONGEST_LITERAL) return undefined;
  if (!once.has(uri)) {
    if (once.size >= MOST_ONCE) once.clear();
    once.add(uri);
    return undefined;
  }
  if (!UNESCAPED.test(uri)) return undefined;
  if (namespaces.size >= MOST_NAMESPACES) namespaces.clear();
  const namespace = { uri: unique(uri), literal: new Literal(uri) };
  namespaces.set(namespace.uri, namespace);
  return namespace;
}
