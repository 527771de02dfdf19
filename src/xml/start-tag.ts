import { type Name, NOBODY } from "./names.ts";
import { expand } from "./references.ts";
import { NO_SLAB, type Slab } from "./slab.ts";

/** What must be done to the bytes of a value or text to make it a string: flags, to be joined. */
export const REFERENCES = 1;
/** It holds more than ASCII. */
export const FOREIGN = 2;
/** It holds tabs or line ends, which are normalized. */
export const LINES = 4;

/**
 * The start tag being read: its names, and where its values stand. There is one in the process, since
 * no tag outlives the call that reads it: one that is cut is read again when its end has come.
 */
export class StartTag {
  /** How many attributes, declarations included (but for `namespace`). */
  count = 0;
  /** Whether any of them is more than a plain attribute. */
  special = false;
  /** Whether any of their names is not known. */
  unknown = false;
  /** The default namespace, if it was declared with one that is known. */
  namespace: string | undefined = undefined;
  /** The name read last: the element's, then those of its attributes. */
  last: Name = NOBODY;
  readonly names: Name[] = [];
  /** Three numbers a value: from, to, flags. */
  readonly #spans: number[] = [];
  #slab: Slab = NO_SLAB;
  #end = 0;

  begin(name: Name, slab: Slab, end: number): void {
    this.last = name;
    this.count = 0;
    this.special = false;
    this.unknown = false;
    this.namespace = undefined;
    this.#slab = slab;
    this.#end = end;
  }

  add(name: Name, from: number, to: number, flags: number): void {
    const at = 3 * this.count;
    this.names[this.count++] = name;
    this.#spans[at] = from;
    this.#spans[at + 1] = to;
    this.#spans[at + 2] = flags;
    if (!name.plain) this.special = true;
    if (name.id < 0) this.unknown = true;
  }

  /** The value of an attribute, normalized (XML 1.0, 3.3.3). */
  value(index: number): string {
    const at = 3 * index;
    const from = this.#spans[at] ?? 0;
    const to = this.#spans[at + 1] ?? 0;
    const flags = this.#spans[at + 2] ?? 0;
    if (flags === 0) return this.#slab.ascii(from, to, this.#end);
    if (flags === FOREIGN) return this.#slab.utf8(from, to);
    const references = (flags & REFERENCES) !== 0;
    return expand(this.#slab.bytes, from, to, { references, value: true });
  }
}
