import { Dictionary, EmptyDictionary, NONE } from "../dictionary.ts";
import { MOST_NAMES, type Name, NOBODY } from "./names.ts";

/** Elements with more attributes than this are too rare to learn their shape. */
const MOST_SHAPED = 16;

/** For each known name the tag in which it was last an attribute: finds those that come twice. */
export const seen = new Int32Array(MOST_NAMES);
let tags = 0;

/** A number no tag had before. */
export function nextTag(): number {
  if (++tags === 0x3fffffff) {
    seen.fill(0);
    tags = 1;
  }
  return tags;
}

/**
 * A dictionary for keys that never came before, or are many. Those of the common kind would teach V8 a
 * new shape each, which takes a microsecond and memory.
 */
export function rareDictionary(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}

/**
 * The start tag being read. There is one in the process, since no tag outlives the call that reads it:
 * one that is cut is read again when its end has come.
 */
export class StartTag {
  /** Its name, and the name read last: this or that of an attribute. */
  element: Name = NOBODY;
  last: Name = NOBODY;
  /** Whether it ends in `/>`. */
  isEmpty = false;
  /** How many attributes it has, declarations included (but for `namespace`). */
  count = 0;
  /** The default namespace, if it was declared with one that is known. */
  namespace: string | undefined = undefined;
  /** An attribute that came twice. */
  twice: Name | undefined = undefined;
  /** The attributes without prefixes before the first that has one. */
  #attrs: Record<string, string> = NONE;
  /** From that on, all of them, with declarations of namespaces. */
  readonly names: Name[] = [];
  readonly values: string[] = [];
  /** Whether all attributes so far are known names without prefixes, and not many. */
  usual = true;
  #isRare = false;
  #serial = 0;

  /** What an element of this tag has as its own. */
  get attrs(): Record<string, string> {
    return this.#attrs === NONE ? new EmptyDictionary() : this.#attrs;
  }

  begin(name: Name): void {
    this.element = this.last = name;
    this.isEmpty = false;
    this.count = 0;
    this.namespace = this.twice = undefined;
    this.#attrs = NONE;
    this.#serial = nextTag();
    if (this.usual) return;
    this.usual = true;
    this.#isRare = false;
    this.names.length = this.values.length = 0;
  }

  /** Adds one whose name is known and plain to a tag that is `usual`. */
  #addUsual(name: Name, value: string): void {
    if (seen[name.id] === this.#serial) this.twice ??= name;
    seen[name.id] = this.#serial;
    if (this.#attrs === NONE) this.#attrs = new Dictionary();
    this.#attrs[name.local] = value;
    if (++this.count === MOST_SHAPED) this.beRare();
  }

  /** Adds any attribute. */
  add(name: Name, value: string): void {
    if (this.usual) {
      if (name.plain && name.id >= 0) {
        this.#addUsual(name, value);
        return;
      }
      this.usual = false;
      if (name.id < 0) this.beRare();
    }
    this.count++;
    if (!name.plain || this.names.length > 0) {
      this.names.push(name);
      this.values.push(value);
    } else this.put(name.local, value, name);
  }

  /** Puts an attribute into `attrs` of a tag that is not `usual`. */
  put(key: string, value: string, name: Name): void {
    if (this.#attrs === NONE) this.#attrs = new Dictionary();
    else if (key in this.#attrs) this.twice ??= name;
    this.#attrs[key] = value;
  }

  /** Goes on with a dictionary for keys that are unknown or many: from the first of them on, or each would cost as much as all. */
  beRare(): void {
    this.usual = false;
    if (this.#isRare) return;
    this.#isRare = true;
    this.#attrs = Object.assign(rareDictionary(), this.#attrs);
  }
}
