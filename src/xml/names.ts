import { isNcName } from "./characters.ts";
import { Literal } from "./literal.ts";

/** A namespace name seen in a declaration, kept to be recognized by its bytes. */
export interface KnownNamespace {
  readonly uri: string;
  readonly literal: Literal;
}

/** A qualified name as it was spelt, taken apart and found legal once. */
export interface Name {
  /** Its place in the table of known names; -1 if it is not kept there. */
  readonly id: number;
  readonly hash: number;
  /** As spelt: `stream:features`. */
  readonly qualified: string;
  /** What stands before the colon; `""` if there is none. */
  readonly prefix: string;
  readonly local: string;
  /** Whether it is `xmlns` or begins with `xmlns:`. */
  readonly declares: boolean;
  /** Whether as an attribute it is only a local name, in no namespace and no declaration. */
  readonly plain: boolean;
  readonly literal: Literal;
  /** The default namespace declared last on an element of this name: the next is likely the same. */
  namespace: KnownNamespace | undefined;
}

/**
 * The names of this process, by the hash of their bytes. What peers send fills it, so everything
 * about it is bounded: its size, the length of a name in it, and how far a search goes. When it is
 * full it starts anew, so that nobody can fill it for good; a name that is not in it costs more, and
 * that is all.
 */
const SLOTS = 4096;
/** How many names are known at most; each has an `id` below this. */
export const MOST_NAMES = 2048;
const LONGEST = 64;
const FARTHEST = 8;

/** Where hashes start: unforeseeable, so that nobody can choose names that meet in one slot. */
export const SEED = Math.floor(Math.random() * 0x7fffffff) | 1;

/** The next hash, one byte on. */
export function hashOn(hash: number, byte: number): number {
  return (Math.imul(hash, 31) + byte) | 0;
}

const encoder = new TextEncoder();

const NOBODY: Name = {
  id: -1,
  hash: 0,
  qualified: "",
  prefix: "",
  local: "",
  declares: false,
  plain: false,
  literal: new Literal(new Uint8Array(0)),
  namespace: undefined,
};

const table: Name[] = new Array<Name>(SLOTS).fill(NOBODY);
let known = 0;

function slotOf(hash: number): number {
  return (hash ^ (hash >>> 15)) & (SLOTS - 1);
}

/** The known name whose bytes, of this hash, stand from `from` to `to`, if there is one. */
export function knownName(
  bytes: Uint8Array,
  view: DataView,
  from: number,
  to: number,
  hash: number,
): Name | undefined {
  let slot = slotOf(hash);
  for (let tries = FARTHEST; tries > 0; tries--) {
    const name = table[slot] ?? NOBODY;
    if (
      name.hash === hash &&
      name.literal.length === to - from &&
      name.literal.standsAt(bytes, view, from)
    ) {
      return name;
    }
    if (name === NOBODY) return undefined;
    slot = (slot + 1) & (SLOTS - 1);
  }
  return undefined;
}

/** Makes room for new names. Not to be called while the names of one tag are compared by `id`. */
export function makeRoom(): void {
  if (known < MOST_NAMES) return;
  table.fill(NOBODY);
  known = 0;
}

/** Takes a qualified name apart, and keeps it; undefined if it is none (QName of Namespaces in XML). */
export function learnName(qualified: string, hash: number): Name | undefined {
  const parts = partsOf(qualified);
  if (parts === undefined) return undefined;
  const bytes = encoder.encode(qualified);
  let slot = slotOf(hash);
  let free = -1;
  if (known < MOST_NAMES && bytes.length <= LONGEST) {
    for (let tries = FARTHEST; tries > 0 && free < 0; tries--) {
      if (table[slot] === NOBODY) free = slot;
      slot = (slot + 1) & (SLOTS - 1);
    }
  }
  const declares = parts.prefix === "xmlns" || qualified === "xmlns";
  const name: Name = {
    id: free < 0 ? -1 : known++,
    hash,
    qualified,
    prefix: parts.prefix,
    local: parts.local,
    declares,
    plain: parts.prefix === "" && !declares,
    literal: new Literal(bytes),
    namespace: undefined,
  };
  if (free >= 0) table[free] = name;
  return name;
}

/** Takes a qualified name apart; undefined if it is none. */
export function partsOf(qualified: string): { prefix: string; local: string } | undefined {
  const colon = qualified.indexOf(":");
  const prefix = colon < 0 ? "" : qualified.slice(0, colon);
  const local = qualified.slice(colon + 1);
  return isNcName(local) && (colon < 0 || isNcName(prefix)) ? { prefix, local } : undefined;
}

const namespaces = new Map<string, KnownNamespace>();
const MOST_NAMESPACES = 512;
const LONGEST_NAMESPACE = 256;

/** What is written as it is, in either kind of quotes: its bytes say all there is to say. */
const UNESCAPED = /^[!#-%(-;=?-~]*$/;

/** Keeps a legal namespace name to be recognized; undefined if it is not fit for that. */
export function learnNamespace(uri: string): KnownNamespace | undefined {
  const found = namespaces.get(uri);
  if (found !== undefined) return found;
  if (uri.length > LONGEST_NAMESPACE || !UNESCAPED.test(uri)) return undefined;
  if (namespaces.size >= MOST_NAMESPACES) namespaces.clear();
  const namespace = { uri, literal: new Literal(encoder.encode(uri)) };
  namespaces.set(uri, namespace);
  return namespace;
}
