/**
 * The number of the server's stanzas that were taken in (XEP-0198, 4). A stanza counts as it is read, before a listener
 * may end the link. Once one was refused, none counts: a number would claim the ones before it, too.
 */
export class TakenIn {
  /** How many there are. All up to this number were taken in. */
  count = 0;
  /** False while stanzas arrive that came before counting began. */
  isCounting = true;
  #hasRefused = false;

  /** A stanza was read. */
  add(): void {
    if (this.isCounting && !this.#hasRefused) this.count++;
  }

  /** The last stanza was not taken in after all. */
  refuse(): void {
    if (!this.isCounting || this.#hasRefused) return;
    this.#hasRefused = true;
    this.count--;
  }

  /** The server goes on over another link: it sends again all that does not count. */
  again(): void {
    this.#hasRefused = false;
  }
}
