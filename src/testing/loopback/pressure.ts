/**
 * Back-pressure between connections: a fast sender has to wait for a slow reader. While an element is
 * handled, the connections that it fills are noted here; they must drain before its sender's next
 * element is taken.
 */
export class Pressure {
  #reliefs: Promise<void>[] = [];

  /** Notes a connection that is full, by the promise that it will have drained, or be gone. */
  add(relief: Promise<void>): void {
    this.#reliefs.push(relief);
  }

  /** Resolves when all that have been noted since the last call have drained. */
  async relieved(): Promise<void> {
    while (this.#reliefs.length > 0) await Promise.all(this.#reliefs.splice(0));
  }
}
