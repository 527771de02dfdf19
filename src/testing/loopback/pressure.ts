/**
 * Back-pressure between connections: who sends what another one does not read as fast has to wait
 * for it. While one element is handled, the connections it fills are noted here; before its sender's
 * next element is taken, they must have drained.
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
