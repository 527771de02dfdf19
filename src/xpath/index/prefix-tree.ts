/** A node of the tree. Its label is the text between the node above and this one. */
interface Branch<T> {
  label: string;
  /** The items of the string that ends here. */
  items: Set<T> | undefined;
  /** The nodes below, by the first character of their label. */
  branches: Map<number, Branch<T>> | undefined;
}

/** The number of slots in the table of first characters; a power of two. */
const SLOTS = 1024;

/**
 * Strings, each with items, in a tree of their prefixes. It finds the strings that begin a text, or
 * that occur in it, without trying each: with a thousand strings, a table of their lengths took two to
 * eleven times as long. Adding and removing take time in the length of the string alone.
 */
export class PrefixTree<T> {
  readonly #root: Branch<T> = { label: "", items: undefined, branches: undefined };
  /** The number of strings whose first two characters fall into the slot. */
  readonly #pairs = new Uint32Array(SLOTS);

  /** True if there is no string. */
  get isEmpty(): boolean {
    return this.#root.branches === undefined;
  }

  /** Adds an item under a string of at least one character. */
  add(text: string, item: T): void {
    let branch = this.#root;
    let rest = text;
    while (rest !== "") {
      branch.branches ??= new Map();
      const code = rest.charCodeAt(0);
      let next = branch.branches.get(code);
      if (next === undefined) {
        next = { label: rest, items: undefined, branches: undefined };
        branch.branches.set(code, next);
      } else if (!rest.startsWith(next.label)) {
        next = split(branch.branches, next, sharedLength(rest, next.label));
      }
      rest = rest.slice(next.label.length);
      branch = next;
    }
    if (branch.items === undefined) {
      branch.items = new Set();
      this.#count(text, 1);
    }
    branch.items.add(item);
  }

  /** Removes an item that was added under that string. */
  delete(text: string, item: T): void {
    const above: Branch<T>[] = [];
    let branch = this.#root;
    for (let at = 0; at < text.length; at += branch.label.length) {
      const next = branch.branches?.get(text.charCodeAt(at));
      if (next === undefined) return;
      above.push(branch);
      branch = next;
    }
    branch.items?.delete(item);
    if (branch.items?.size !== 0) return;
    branch.items = undefined;
    this.#count(text, -1);
    // Empty branches are removed, so that adding and removing strings leaves nothing behind.
    for (let parent = above.pop(); parent !== undefined; parent = above.pop()) {
      if (branch.items !== undefined || branch.branches !== undefined) return;
      parent.branches?.delete(branch.label.charCodeAt(0));
      if (parent.branches?.size === 0) parent.branches = undefined;
      branch = parent;
    }
  }

  /** Visits the items of every string that begins `text` at an offset. */
  visitPrefixes(text: string, visit: (item: T) => void, offset = 0): void {
    let branch = this.#root;
    let at = offset;
    for (;;) {
      const next = branch.branches?.get(text.charCodeAt(at));
      if (next === undefined || !text.startsWith(next.label, at)) return;
      at += next.label.length;
      branch = next;
      if (branch.items !== undefined) for (const item of branch.items) visit(item);
    }
  }

  /**
   * Visits the items of every string that occurs in `text`, perhaps several times. The time is in the
   * length of the text, at worst multiplied by the length of the longest string.
   */
  visitWithin(text: string, visit: (item: T) => void): void {
    const pairs = this.#pairs;
    let code = text.charCodeAt(0);
    for (let at = 0; at < text.length; at++) {
      const next = at + 1 < text.length ? text.charCodeAt(at + 1) : 0;
      if (pairs[slot(code, next)] !== 0 || pairs[slot(code, 0)] !== 0) {
        this.visitPrefixes(text, visit, at);
      }
      code = next;
    }
  }

  #count(text: string, change: 1 | -1): void {
    const index = slot(text.charCodeAt(0), text.length > 1 ? text.charCodeAt(1) : 0);
    this.#pairs[index] = (this.#pairs[index] ?? 0) + change;
  }
}

function slot(first: number, second: number): number {
  return (first * 31 + second) & (SLOTS - 1);
}

/**
 * Cuts a branch in two after some characters of its label.
 *
 *     romeo@
 *       ^ cut here for "rosaline@"
 */
function split<T>(branches: Map<number, Branch<T>>, branch: Branch<T>, length: number): Branch<T> {
  const upper: Branch<T> = {
    label: branch.label.slice(0, length),
    items: undefined,
    branches: new Map([[branch.label.charCodeAt(length), branch]]),
  };
  branch.label = branch.label.slice(length);
  branches.set(upper.label.charCodeAt(0), upper);
  return upper;
}

function sharedLength(left: string, right: string): number {
  let length = 0;
  while (length < left.length && left.charCodeAt(length) === right.charCodeAt(length)) length++;
  return length;
}
