/**
 * The state of one delivery, in the sender's words. The honest report is the broker's own; the lie, which the soak
 * must catch, calls a stanza acked as soon as the system has taken it.
 */
export class Report {
  #delivery;
  #lies;
  #wasWritten = false;

  constructor(delivery, lies) {
    this.#delivery = delivery;
    this.#lies = lies;
    delivery.written().then(
      () => {
        this.#wasWritten = true;
      },
      () => {},
    );
  }

  get state() {
    return this.#lies && this.#wasWritten ? "acked" : this.#delivery.state;
  }
}
