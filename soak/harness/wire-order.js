/** The order of a flow's messages on the wire of one broker. */
export class WireOrder {
  /** The ids that came behind a later one. */
  late = 0;
  #latest = -1;
  #seen = new Set();

  /**
   * `out`: what the broker writes, in which each connection begins anew, since a resumed session repeats. `in`: what it
   * reads, of which the first of each id counts. `name` is the flow's.
   */
  constructor(broker, direction, name) {
    const id = new RegExp(` id='${name}-(\\d+)'`);
    broker.on("trace", (entry) => {
      const found = entry.direction === direction ? id.exec(entry.text.slice(0, 300)) : null;
      if (found !== null) this.#note(Number(found[1]), direction === "in");
    });
    if (direction === "in") return;
    broker.on("socket:close", () => {
      this.#latest = -1;
    });
  }

  #note(number, isFirstOnly) {
    if (isFirstOnly && this.#seen.has(number)) return;
    this.#seen.add(number);
    if (number < this.#latest) this.late++;
    else this.#latest = number;
  }
}
