import { CuttingRelay } from "xmpp-broker/testing";
import { isLogin, keepAlive, PATIENCE } from "./cut.js";
import { Program } from "./program.js";
import { Random } from "./random.js";
import { sleep, until } from "./wait.js";

const IMPATIENT = { keepAlive, timeouts: PATIENCE };

/** How long a one-way hole may look alive, in milliseconds, before the connection ends as TCP would end it. */
const HALF_ALIVE = 500;

/** Logins to wait for one that comes to a place. */
const MOST_LOGINS = 200;

/** A program that comes back by itself, behind a relay that cuts it. */
export class CutProgram {
  /** How many logins resumed a session, and how many began one anew. */
  resumed = 0;
  fresh = -1;
  /** How often its connection has ended. */
  #losses = 0;
  #random;
  #isSpokenTo;

  /**
   * `port` is the server's; `make` is given the relay's and options, and makes the broker. `isSpokenTo`: it gets messages
   * all the time, so that a hole on the way out may look alive for ever; `times`: how patient it is.
   */
  static async start(port, make, seed, { isSpokenTo = false, times = IMPATIENT } = {}) {
    const relay = await CuttingRelay.start({ to: { port }, seed });
    return new CutProgram(relay, make, seed, isSpokenTo, times);
  }

  constructor(relay, make, seed, isSpokenTo, times) {
    this.relay = relay;
    this.#random = new Random(seed);
    this.#isSpokenTo = isSpokenTo;
    this.program = new Program((more) => make(relay.port, { ...times, ...more }), {
      base: 5,
      cap: 100,
    });
    this.broker.on("ready", ({ resumed }) => {
      if (resumed) this.resumed++;
      else this.fresh++;
    });
    this.broker.on("socket:close", () => {
      this.#losses++;
    });
  }

  get broker() {
    return this.program.broker;
  }

  ready() {
    return this.program.ready();
  }

  /**
   * Cuts it `cuts` times. `choose` gives the mode and the place of each cut, without a place it is now; `pause` waits
   * between two of them.
   */
  async cut(cuts, choose, pause) {
    for (let done = 0; done < cuts; done++) {
      const { mode, at, isNext = isLogin(at) } = choose(this.#random);
      await this.ready();
      const before = this.#losses;
      await (isNext ? this.#cutLogin(mode, at) : this.relay.cut(mode, { at }));
      if (mode === "stall") {
        await sleep(this.#random.below(100));
        this.relay.release();
      } else await this.#end(mode, () => this.#losses > before);
      await this.ready();
      await pause(this.#random);
    }
    this.relay.release();
  }

  async leave() {
    await this.program.leave();
    await this.relay.close();
  }

  /** Cuts a login, behind an end of the connection. Not every login asks for a session, or gets it: the next one may. */
  async #cutLogin(mode, at) {
    const end = () => this.relay.cut(this.#random.of(["reset", "fin"]));
    let isOver = false;
    await end();
    const cut = this.relay.cut(mode, { at }).then(() => {
      isOver = true;
    });
    for (let logins = 0; ; logins++) {
      if (logins > MOST_LOGINS) throw new Error(`no login came to ${JSON.stringify(at)}`);
      await until("a login", () => isOver || !this.program.isReady);
      await Promise.race([cut, this.ready().then(() => sleep(50))]);
      if (isOver) return;
      await end();
    }
  }

  /** Waits until the program has noticed a cut. */
  async #end(mode, isNoticed) {
    if (this.#isSpokenTo && mode.startsWith("black-hole-")) {
      await sleep(HALF_ALIVE);
      if (!isNoticed()) await this.relay.cut("reset");
    }
    await until("the end of a cut link", isNoticed);
  }
}
