import { unique } from "../dictionary.ts";
import { NS } from "../namespaces.ts";
import { isQName } from "../qname.ts";
import { isGoodValue } from "./escape.ts";

/*
 * How start tags are spelt: nearly all that are written were written before, with other values. What
 * stands between the values is remembered in whole pieces, and each knows what came after it:
 *
 *     <message to='romeo@example.net' id='m-1' type='chat'>
 *     └────┬─────┘                 └──┬─┘   └───┬──┘
 *         "to" of message           "id"     "type"
 *
 * What peers send comes here when it is sent on, so everything is bounded: how many pieces there are and
 * how long names may be. A name gets in when it comes again soon, so names that never come twice cost no
 * more than putting them together; when all places are taken it starts anew, so nobody can fill it for good.
 */

/** How many pieces are remembered. */
const PLACES = 4096;
/** How long a name or a namespace in one may be. */
const LONGEST = 128;

/** Names and namespaces that came once. */
const once = new Set<string>();
const MOST_ONCE = 128;

/** What is written before the value of an attribute. */
export class Piece {
  readonly text: string;
  /** Whether it is remembered, and so may remember others. */
  readonly #isKept: boolean;
  /** The attribute that came next last time, and its piece. (No attribute has the name `""`.) */
  #key = "";
  #next: Piece | undefined;
  /** All that ever came next, once there are several. */
  #others: Map<string, Piece> | undefined;

  constructor(text: string, isKept: boolean) {
    this.text = isKept ? unique(text) : text;
    this.#isKept = isKept;
  }

  /** The piece of the attribute that comes next; `undefined` if its name needs more than to be written. */
  before(key: string): Piece | undefined {
    return this.#key === key ? this.#next : this.#find(key);
  }

  /** What stands between this and the name of the next attribute. */
  protected get join(): string {
    return "' ";
  }

  #find(key: string): Piece | undefined {
    let piece = this.#others?.get(key);
    if (piece === undefined) {
      if (key !== "xml:lang" && (key === "xmlns" || !isLocalName(key))) return undefined;
      const isKept = this.#isKept && isWorthKeeping(key);
      piece = new Piece(`${this.join}${key}='`, isKept);
      if (!isKept) return piece;
      takePlace();
      if (this.#next !== undefined) {
        this.#others ??= new Map([[this.#key, this.#next]]);
        this.#others.set(key, piece);
      }
    }
    this.#key = key;
    this.#next = piece;
    return piece;
  }
}

/** A tag of one name, with the declaration of its namespace or without one. */
export class Tag extends Piece {
  /** The start tag without attributes. */
  readonly start: string;
  /** The same of an element without content. */
  readonly empty: string;
  readonly end: string;

  constructor(name: string, declaration: string, isKept: boolean) {
    super(`<${name}${declaration} `, isKept);
    const keep = isKept ? unique : String;
    this.start = keep(`<${name}${declaration}>`);
    this.empty = keep(`<${name}${declaration}/>`);
    this.end = keep(`</${name}>`);
  }

  protected override get join(): string {
    return this.text;
  }
}

/** The tags that declare one namespace, or none, by name. */
class Tags {
  readonly #declaration: string;
  readonly #isKept: boolean;
  readonly #tags = new Map<unknown, Tag>();

  constructor(declaration: string, isKept: boolean) {
    this.#declaration = declaration;
    this.#isKept = isKept;
  }

  tag(name: unknown): Tag | undefined {
    return this.#tags.get(name) ?? this.#learn(name);
  }

  clear(): void {
    this.#tags.clear();
  }

  #learn(name: unknown): Tag | undefined {
    if (typeof name !== "string" || !isLocalName(name)) return undefined;
    const isKept = this.#isKept && isWorthKeeping(name);
    const tag = new Tag(name, this.#declaration, isKept);
    if (!isKept) return tag;
    takePlace();
    this.#tags.set(unique(name), tag);
    return tag;
  }
}

const undeclared = new Tags("", true);
const declared = new Map<unknown, Tags>();
let taken = 0;

/** The tag of that name; `undefined` if the name needs more than to be written. */
export function tagOf(name: unknown): Tag | undefined {
  return undeclared.tag(name);
}

/** The same, where it declares its namespace as the default one. */
export function declaringTagOf(name: unknown, uri: unknown): Tag | undefined {
  return (declared.get(uri) ?? learnNamespace(uri))?.tag(name);
}

function learnNamespace(uri: unknown): Tags | undefined {
  if (typeof uri !== "string" || !isGoodValue(uri)) return undefined;
  if (uri === NS.xml || uri === NS.xmlns) return undefined;
  const isKept = isWorthKeeping(uri);
  const tags = new Tags(` xmlns='${uri}'`, isKept);
  if (!isKept) return tags;
  takePlace();
  declared.set(unique(uri), tags);
  return tags;
}

/** Whether it came before lately, and is not too long. */
function isWorthKeeping(text: string): boolean {
  if (text.length > LONGEST) return false;
  if (once.delete(text)) return true;
  if (once.size >= MOST_ONCE) once.clear();
  once.add(text);
  return false;
}

function takePlace(): void {
  if (taken === PLACES) {
    taken = 0;
    undeclared.clear();
    declared.clear();
  }
  taken++;
}

function isLocalName(text: string): boolean {
  return !text.includes(":") && isQName(text);
}
