import { Dictionary, EmptyDictionary, NONE } from "../dictionary.ts";
import { MOST_NAMES, type Name, NO_NAME } from "./names.ts";

/** Elements with more attributes are rare, and their shape is not worth learning. */
const MOST_SHAPED = 16;

/** For each known name the number of the tag where it was last an attribute. It finds attributes that come twice. */
export const seen = new Int32Array(MOST_NAMES);
let tags = 0;

/** A new number for a tag. */
export function nextTag(): number {
  if (++tags === 0x3fffffff) {
    seen.fill(0);
    tags = 1;
  }
  return tags;
}

/**
 * A dictionary for keys that are new, or many. In a common dictionary V8 would make a hidden class for
 * each new key, which takes a microsecond and memory.
 */
export function rareDictionary(): Record<string, string> {
  return Object.create(null) as Record<string, string>;
}

/** The start tag that is being read. A tag that was cut is read again from its start. */
export class StartTag {
  /** The name of the element. */
  element: Name = NO_NAME;
  /** The name that was read last: the element's, or an attribute's. */
  last: Name = NO_NAME;
  /** True if it ends in `/>`. */
  isEmpty = false;
  /** The number of attributes and declarations, without `namespace`. */
  count = 0;
  /** The default namespace that the tag declares, if it is a known one. */
  namespace: string | undefined = undefined;
  /** An attribute that came twice. */
  twice: Name | undefined = undefined;
  /** The attributes before the first one with a prefix. */
  #attrs: Record<string, string> = NONE;
  /** The names of all attributes from that one on, declarations included. */
  readonly names: Name[] = [];
  /** Their values. */
  readonly values: string[] = [];
  /** True if all attributes so far have known names without prefixes, and are not many. */
  usual = true;
  #isRare = false;
  #serial = 0;

  /** The attributes, as the element gets them. */
  get attrs(): Record<string, string> {
    return this.#attrs === NONE ? new EmptyDictionary() : this.#attrs;
  }

  /** Begins a new tag. */
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

  /** Adds an attribute with a known name without a prefix to a `usual` tag. */
  #addUsual(name: Name, value: string): void {
    if (seen[name.id] === this.#serial) this.twice ??= name;
    seen[name.id] = this.#serial;
    if (this.#attrs === NONE) this.#attrs = new Dictionary();
    this.#attrs[name.local] = value;
    if (++this.count === MOST_SHAPED) this.beRare();
  }

  /** Adds an attribute. */
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

  /** Puts an attribute into the `attrs` of a tag that is not `usual`. */
  put(key: string, value: string, name: Name): void {
    if (this.#attrs === NONE) this.#attrs = new Dictionary();
    else if (key in this.#attrs) this.twice ??= name;
    this.#attrs[key] = value;
  }

  /** Goes on with a dictionary for keys that are new or many. It changes once: each change copies all keys. */
  beRare(): void {
    this.usual = false;
    if (this.#isRare) return;
    this.#isRare = true;
    this.#attrs = Object.assign(rareDictionary(), this.#attrs);
  }
}
