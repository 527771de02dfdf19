import { BrokerError } from "../base/errors.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { SessionState } from "../contract/session-state.ts";
import type { Destination } from "../link/address.ts";
import type { Link } from "../link/link.ts";
import type { LoginResult } from "../negotiate/login.ts";
import type { Session } from "../session/session.ts";
import { detached } from "../traffic/detached.ts";
import type { Traffic } from "../traffic/traffic.ts";
import type { Location } from "./itinerary.ts";
import type { RunParts } from "./run-parts.ts";

/** The bound address of a run: its session, from one login to the next. */
export class Bound {
  readonly #parts: RunParts;
  readonly #traffic: Traffic;
  #session: Session | undefined;
  /** True as long as no login has asked for the session that another broker has detached. */
  #isUntried: boolean;
  /** Where the server wants the session to be resumed, and where that was said. It is tried once after each login. */
  #location: Location | undefined;
  #hasLoggedIn = false;
  #unknown: readonly Delivery[] = [];

  /** `restored`: a session that another broker has detached. */
  constructor(parts: RunParts, restored: Session | undefined) {
    this.#parts = parts;
    this.#traffic = parts.traffic;
    this.#session = restored;
    this.#isUntried = restored !== undefined;
    this.#locate(undefined);
  }

  /** The session in force. Without a link it waits to be resumed. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** The session in force, if another link may carry it. */
  get resuming(): Session | undefined {
    return this.#session?.isResumable === true ? this.#session : undefined;
  }

  /** The session of another broker's that no login has asked for: it is kept for the next run. */
  get untried(): Session | undefined {
    return this.#isUntried ? this.#session : undefined;
  }

  /** A login has asked for the session. */
  tried(): void {
    this.#isUntried = false;
  }

  /** Where the server wants the session to be resumed. Asking forgets it. */
  takeLocation(): Location | undefined {
    const location = this.#location;
    this.#location = undefined;
    return this.resuming === undefined ? undefined : location;
  }

  #locate(from: Destination | undefined): void {
    const text = this.#session?.previous?.location;
    this.#location = text === undefined ? undefined : { text, from };
  }

  /** The deliveries without a proof at the end of the last session. A try that fails changes nothing in them. */
  get unknown(): readonly Delivery[] {
    return this.#unknown;
  }

  /** A login succeeded: the session goes on, or a new one begins. Tells whether it goes on; `undefined`: the link is over. */
  login(link: Link, result: LoginResult): boolean | undefined {
    this.tried();
    const traffic = this.#traffic;
    const old = this.#session;
    const resumed = result.resumed === true && old !== undefined;
    const h = result.management?.h;
    if (!resumed && h !== undefined) old?.acks.resumption?.lost(h);
    if (!resumed) this.drop(new BrokerError("DISCONNECTED", "the session was not resumed"));
    // A listener of the requests that end with it may have ended the run.
    if (!isUp(link)) return undefined;
    const session = resumed ? old : traffic.session(result);
    if (resumed) session.goOn(link);
    else session.use(link);
    this.#session = session;
    this.#locate(link.destination);
    traffic.begin(session, result);
    const { connects } = this.#parts.instruments.stats;
    connects.ready++;
    if (this.#hasLoggedIn) connects.again++;
    this.#hasLoggedIn = true;
    return resumed;
  }

  /** The broker is ready: traffic flows, and the link is watched. */
  flow(link: Link, result: { readonly jid: string; readonly resumed: boolean }): void {
    const session = this.#session;
    if (session === undefined) return;
    link.watch(session);
    this.#parts.instruments.emit("ready", result);
    // The listeners of `ready` come first: a room is joined before it is spoken to. They may end it all.
    const { outbox } = this.#traffic;
    // A session that goes on may have stanzas that were moving.
    if (isUp(link) && this.#parts.settings.queue.flush === "auto") outbox.flush();
    else outbox.drain();
    if (isUp(link)) session.begin();
  }

  /** The link is over. The result settles deliveries and requests; the session may go on. */
  ending(goesOn: boolean): (reason: BrokerError) => void {
    const session = this.#session;
    const end = this.#traffic.end(session, goesOn ? "goes on" : "over");
    if (!goesOn) this.#session = undefined;
    return (reason) => {
      const left = end(reason);
      if (session !== undefined) this.#unknown = left;
    };
  }

  /** A session that was kept ends after all. */
  drop(reason: BrokerError): void {
    const session = this.#session;
    this.#session = undefined;
    if (session === undefined) return;
    this.#unknown = this.#traffic.end(session, "over")(reason);
  }

  /** Lets a session that was kept go on in another process. Returns its state, if it can go on. */
  detach(reason: BrokerError): SessionState | undefined {
    const session = this.resuming;
    const { settings, runtime } = this.#parts;
    const state = session && detached(session, settings.dialect, runtime.clock);
    if (session === undefined || state === undefined) {
      this.drop(reason);
      return undefined;
    }
    this.#session = undefined;
    this.#unknown = this.#traffic.end(session, "elsewhere")(reason);
    return state;
  }
}

/** (A function, since listeners that are called in between may change the answer.) */
function isUp(link: Link): boolean {
  return link.isOpen;
}
