/** The list is cut from this many taken members on, if they are at least half of it. */
const CUT = 64;

/** A queue, first in, first out: both ends cost the same however long it is. It holds no member that was taken. */
export class Fifo<T> {
  /** Taken members leave an empty place behind, until the list is cut. */
  #members: (T | undefined)[] = [];
  #first = 0;

  /** The number of members. */
  get size(): number {
    return this.#members.length - this.#first;
  }

  /** The oldest member; it stays. */
  get front(): T | undefined {
    return this.#members[this.#first];
  }

  /** Adds a member at the end. */
  push(member: T): void {
    this.#members.push(member);
  }

  /** Takes the oldest member. */
  shift(): T | undefined {
    const member = this.#members[this.#first];
    if (this.#first === this.#members.length) return undefined;
    this.#members[this.#first++] = undefined;
    const isEmpty = this.#first === this.#members.length;
    if (isEmpty || (this.#first >= CUT && this.#first * 2 >= this.#members.length)) {
      this.#members = this.#members.slice(this.#first);
      this.#first = 0;
    }
    return member;
  }

  /** Takes all members, oldest first. */
  takeAll(): T[] {
    const members = this.all();
    this.#members = [];
    this.#first = 0;
    return members;
  }

  /** The members, oldest first; they stay. */
  all(): T[] {
    return this.#members.slice(this.#first) as T[];
  }

  /** Keeps only the members that pass. */
  keep(passes: (member: T) => boolean): void {
    this.#members = this.all().filter(passes);
    this.#first = 0;
  }
}
