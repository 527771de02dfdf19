import { unique } from "../dictionary.ts";
import { KnownTexts } from "../known-texts.ts";
import { isQName } from "../qname.ts";
import * as characters from "./bytes/characters.ts";
import { Literal, LONGEST_LITERAL } from "./bytes/literal.ts";
import type { Slab } from "./bytes/slab.ts";

// Constants of this module, as in `tags.ts`.
const CLASS = characters.CLASS;
const NAME = characters.NAME;

const NOTHING = new Literal("");

/** A namespace name that is recognized by its bytes. */
export interface KnownNamespace {
  readonly uri: string;
  readonly literal: Literal;
}

const NO_NAMESPACE: KnownNamespace = { uri: "", literal: NOTHING };

/** A qualified name as it was spelt. It was checked and taken apart once. */
export class Name {
  /** True if it is kept, and so recognized by its bytes. */
  readonly isKept: boolean;
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

  /** The default namespace that an element of this name declared last: the next one most likely declares it, too. */
  namespace: KnownNamespace = NO_NAMESPACE;
  /** The namespace of an attribute of this name, and its key there: `{uri}local`. They are those of the last time. */
  uri = "";
  key = "";
  /** The number of the tag where it was an attribute last. */
  tag = 0;

  constructor(qualified: string, isKept: boolean) {
    const colon = qualified.indexOf(":");
    this.isKept = isKept;
    this.literal = isKept ? new Literal(qualified) : NOTHING;
    this.qualified = qualified;
    this.prefix = colon < 0 ? "" : qualified.slice(0, colon);
    const local = qualified.slice(colon + 1);
    this.local = isKept ? unique(local) : local;
    this.isDefault = qualified === "xmlns";
    this.declares = this.prefix === "xmlns" || this.isDefault;
    this.plain = colon < 0 && !this.declares;
  }
}

/** Stands for a name where there is none. */
export const NO_NAME: Name = new Name("", false);

/** The longest name that is kept, in bytes. */
export const LONGEST_NAME = 64;
/** The most names that are kept. */
export const MOST_NAMES = 2048;

const GUESS_BITS = 12;
/** The name that came last of those whose first four bytes fall into the same place. */
const guesses: Name[] = new Array<Name>(1 << GUESS_BITS).fill(NO_NAME);

/**
 * The names of this process. A name that is not kept takes longer to read, and nothing else. Equal names that are kept
 * or guessed are one object, by which two equal attributes are recognized.
 */
const names = new KnownTexts<Name>(MOST_NAMES, LONGEST_NAME, () => guesses.fill(NO_NAME));

/**
 * The kept name that stands at a place, if there is one. Nearly always it is the last one that began with the same four
 * bytes, which one comparison tells.
 */
export function knownName(slab: Slab, from: number): Name | undefined {
  const { bytes, view } = slab;
  const start = view.getInt32(from, true) + (bytes[from - 1] ?? 0);
  const place = Math.imul(start, 0x9e3779b1) >>> (32 - GUESS_BITS);
  const guess = guesses[place] ?? NO_NAME;
  const after = bytes[from + guess.literal.length] ?? 0;
  if (guess.literal.standsAt(view, from) && ((CLASS[after] ?? 0) & NAME) === 0) return guess;
  const to = nameEnd(bytes, from);
  if (to - from > LONGEST_NAME) return undefined;
  const name = names.get(slab.ascii(from, to));
  if (name !== undefined) guesses[place] = name;
  return name;
}

/** The place behind a name. */
export function nameEnd(bytes: Uint8Array, from: number): number {
  let to = from;
  while (((CLASS[bytes[to] ?? 0] ?? 0) & NAME) !== 0) to++;
  return to;
}

/** Makes a name, and keeps it if it came before and is in ASCII. Undefined if the text is no legal name. */
export function learnName(qualified: string, isAscii: boolean): Name | undefined {
  if (!isQName(qualified)) return undefined;
  return isAscii ? names.learn(qualified, makeName) : makeName(qualified, false);
}

function makeName(qualified: string, isKept: boolean): Name {
  return new Name(qualified, isKept);
}

const namespaces = new KnownTexts<KnownNamespace | undefined>(512, LONGEST_LITERAL);
/** Namespace names without a character that needs a reference in either kind of quotes. */
const UNESCAPED = /^[!#-%(-;=?-~]*$/;

/** The namespace of this name, if it is kept. */
export function knownNamespace(uri: string): KnownNamespace | undefined {
  return namespaces.get(uri);
}

/** The namespace that an element of this name declared last, if it stands at a place, before the quote. */
export function guessedNamespace(
  element: Name,
  { bytes, view }: Slab,
  from: number,
  quote: number,
): KnownNamespace | undefined {
  const { namespace } = element;
  const { literal } = namespace;
  return bytes[from + literal.length] === quote && literal.standsAt(view, from)
    ? namespace
    : undefined;
}

/** Recognizes a legal namespace name, and keeps it if it came before and is fit for that. */
export function learnNamespace(uri: string): KnownNamespace | undefined {
  return namespaces.get(uri) ?? namespaces.learn(uri, makeNamespace);
}

function makeNamespace(uri: string, isKept: boolean): KnownNamespace | undefined {
  return isKept && UNESCAPED.test(uri) ? { uri, literal: new Literal(uri) } : undefined;
}
