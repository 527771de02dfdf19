import { xml } from "xmpp-broker";
import { Ledger } from "xmpp-broker/testing";
import { Report } from "./report.js";
import { until, untilQuiet } from "./wait.js";

/** The states that a delivery does not stay in. */
const PASSING = ["queued", "written"];

const usual = () => "x".repeat(100);

/**
 * Messages from one broker to another. Two ledgers hold them against the arrivals: one of what the
 * sender says, and one of the lie "acked when written".
 */
export class Flow {
  /** The ledger of what the sender says, and that of the lie. */
  ledger = new Ledger();
  lie = new Ledger();
  /** Delivery by id. */
  deliveries = new Map();
  arrived = new Set();
  /** The ids of those that came back as errors. */
  returned = new Set();
  /** The ids of those whose proof was refused. */
  #unprovable = new Set();
  /** The number behind the latest that has arrived. */
  #next = 0;
  #from;
  #address;
  #name;
  #options;
  #timer;

  /** `name` begins the ids. `address` gives the address of the receiver. `lies`: the sender reports the lie. Without `to` the arrivals are entered. */
  constructor(name, from, to, address, { lies = false } = {}) {
    this.#name = name;
    this.#from = from;
    this.#address = address;
    this.lies = lies;
    this.#options = { variables: { flow: `${name}-` } };
    if (to !== undefined) this.hear(to);
    from.filter("/message[starts-with(@id, $flow)][@type='error']", this.#back, this.#options);
    from.on("returned", this.#back);
  }

  /** Another broker may receive, too. */
  hear(broker) {
    broker.filter(
      "/message[starts-with(@id, $flow)][not(@type='error')]",
      ({ stanza }) => this.arrive(stanza.attrs.id),
      this.#options,
    );
  }

  /** Enters an arrival. */
  arrive(id) {
    this.#next = Math.max(this.#next, 1 + Number(id.slice(this.#name.length + 1)));
    this.arrived.add(id);
    this.ledger.arrived(id);
    this.lie.arrived(id);
  }

  #back = ({ stanza }) => {
    if (stanza.attrs.id?.startsWith(`${this.#name}-`)) this.returned.add(stanza.attrs.id);
  };

  /** Sends one message; its id is its key in the ledgers. */
  send(text, to = this.#address()) {
    const id = `${this.#name}-${this.deliveries.size}`;
    const stanza = xml("message", { to, id, type: "chat" }, xml("body", {}, text));
    const delivery = this.#from.send(stanza);
    // Asking for the proof makes the broker get it.
    delivery.acked().catch(() => this.#unprovable.add(id));
    this.deliveries.set(id, delivery);
    this.ledger.sent(id, new Report(delivery, this.lies));
    this.lie.sent(id, new Report(delivery, true));
    return id;
  }

  /**
   * Sends `burst` messages every `every` milliseconds; with `rate`, so many a second, also where the timer is late. None
   * while `most` are on their way.
   */
  start({ every = 5, burst = 2, rate, most = Number.POSITIVE_INFINITY, text = usual } = {}) {
    const started = Date.now();
    let sent = 0;
    const wanted = () => (rate * (Date.now() - started)) / 1000 - sent;
    this.#timer = setInterval(() => {
      const free = most - (this.deliveries.size - this.#next);
      const count = Math.min(free, rate === undefined ? burst : wanted());
      for (let index = 0; index < count; index++, sent++) this.send(text());
    }, every);
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** Waits until every delivery has a final state. One that cannot be proven ends with its session, and is not waited for. */
  async final() {
    await until("a final state of every delivery", () =>
      [...this.deliveries].every(
        ([id, { state }]) => !PASSING.includes(state) || this.#unprovable.has(id),
      ),
    );
  }

  /** Waits until all is final, a last message has arrived, and then nothing more. Both sides must be back. */
  async settle() {
    this.stop();
    await this.final();
    let tries = 0;
    const last = [];
    await until("a last message", () => {
      if (last.some((id) => this.arrived.has(id))) return true;
      if (tries++ % 100 === 0) last.push(this.send("the last one"));
      return false;
    });
    await this.final();
    await this.quiet();
  }

  /** Waits until nothing more arrives. It waits longer where a message is called acked and has not arrived. */
  async quiet() {
    await untilQuiet(() => this.arrived.size);
    if (this.ledger.verdict().falseAcked > 0) await untilQuiet(() => this.arrived.size, 5_000);
  }

  /**
   * The number of lost messages, by the report on them: the state of the delivery, or an error that came back. `acked`:
   * the server had it, and lost it. `written`: there is no report.
   */
  losses() {
    const lost = { unknown: 0, failed: 0, returned: 0, acked: 0, written: 0 };
    for (const [id, { state }] of this.deliveries) {
      if (this.arrived.has(id)) continue;
      if (state === "unknown") lost.unknown++;
      else if (state === "failed" || state === "expired") lost.failed++;
      else if (this.returned.has(id)) lost.returned++;
      else lost[state]++;
    }
    return lost;
  }
}
