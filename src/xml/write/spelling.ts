import { unique } from "../dictionary.ts";
import { RecentTexts } from "../known-texts.ts";
import { NS } from "../namespaces.ts";
import { isQName } from "../qname.ts";
import { isGoodValue } from "./escape.ts";

/*
 * The spelling of start tags. Nearly every tag was written before, with other values. So the texts between
 * the values are kept as whole pieces, and each piece knows the pieces that followed it:
 *
 *     <message to='romeo@example.net' id='m-1' type='chat'>
 *     └────┬─────┘                 └──┬─┘   └───┬──┘
 *         "to" of message           "id"     "type"
 *
 * Peers can fill this: their stanzas are sent on. So the number of pieces and the length of names are
 * bounded. A name is kept when it comes again soon; a name that comes once is only put together. When all
 * places are taken, everything is dropped, and the names in use come back.
 */

/** The most pieces that are kept. */
const PLACES = 4096;
/** The longest name or namespace in a piece, in characters. */
const LONGEST = 128;

/** Names and namespaces that came once. */
const recent = new RecentTexts(LONGEST);

/** The text before the value of an attribute. */
export class Piece {
  readonly text: string;
  /** True if it is kept, and so may keep others. */
  readonly #isKept: boolean;
  /** The attribute that followed last time, and its piece. (No attribute has the name `""`.) */
  #key = "";
  #next: Piece | undefined;
  /** All pieces that followed, once there are several. */
  #others: Map<string, Piece> | undefined;

  constructor(text: string, isKept: boolean) {
    this.text = isKept ? unique(text) : text;
    this.#isKept = isKept;
  }

  /** The piece of the next attribute. Undefined if its name cannot be written as it is. */
  before(key: string): Piece | undefined {
    return this.#key === key ? this.#next : this.#find(key);
  }

  /** The text between this piece and the name of the next attribute. */
  protected get join(): string {
    return "' ";
  }

  #find(key: string): Piece | undefined {
    let piece = this.#others?.get(key);
    if (piece === undefined) {
      if (key !== "xml:lang" && (key === "xmlns" || !isLocalName(key))) return undefined;
      const isKept = this.#isKept && recent.cameBefore(key);
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

/** The tags of one name, with the declaration of its namespace or without one. */
export class Tag extends Piece {
  /** The start tag without attributes. */
  readonly start: string;
  /** The tag of an element without attributes and content. */
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

/** The tags of one namespace that they declare, or of none, by name. */
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
    const isKept = this.#isKept && recent.cameBefore(name);
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

/** The tag of a name that declares nothing. Undefined if the name cannot be written as it is. */
export function tagOf(name: unknown): Tag | undefined {
  return undeclared.tag(name);
}

/** The tag of a name that declares the default namespace. Undefined as for `tagOf`. */
export function declaringTagOf(name: unknown, uri: unknown): Tag | undefined {
  return (declared.get(uri) ?? learnNamespace(uri))?.tag(name);
}

function learnNamespace(uri: unknown): Tags | undefined {
  if (typeof uri !== "string" || !isGoodValue(uri)) return undefined;
  if (uri === NS.xml || uri === NS.xmlns) return undefined;
  const isKept = recent.cameBefore(uri);
  const tags = new Tags(` xmlns='${uri}'`, isKept);
  if (!isKept) return tags;
  takePlace();
  declared.set(unique(uri), tags);
  return tags;
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
