import { nothing } from "../../base/abort.ts";
import type { Clock } from "../../base/clock.ts";
import { BrokerError } from "../../base/errors.ts";
import type { XmlLimits } from "../../xml/limits.ts";
import { ReceivedBody } from "./body.ts";
import { type Failure, failed, isWorthRepeating, notCreated } from "./conditions.ts";
import { type Fetch, type Outcome, post } from "./post.ts";
import { WAIT } from "./terms.ts";

/** The waits before a request that got no answer is sent again, in milliseconds. After the last one it has failed. */
const REPEATS = [0, 500, 1000, 2000, 4000, 8000];

/** How much longer than the server may hold it a request can take, in milliseconds: the network needs time too. */
const GRACE = 15_000;

/** The most bytes of an answer, in stanzas of the largest size that may arrive. */
const MOST_STANZAS = 16;

/** The purpose of a request. Only the first one has no session yet; only the last one terminates it. */
export type Purpose = "create" | "restart" | "carry" | "poll" | "terminate";

/** A request that has no answer yet, or whose answer waits for those of earlier requests. */
export interface Request {
  readonly rid: number;
  readonly purpose: Purpose;
  /** The body. It is sent again exactly as it was. */
  readonly text: string;
  /** How many bytes of stanzas have left with this request and those before. */
  readonly handed: number;
  /** When it was sent first, by the clock. */
  readonly sentAt: number;
}

interface Flight extends Request {
  answer: ReceivedBody | undefined;
  /** How often it was sent again. */
  repeats: number;
  /** The HTTP request in force: what an older one brings does not count. */
  attempt: AbortController | undefined;
  /** Stops the timer in force: that of the answer, or that of the next attempt. */
  stopTimer: () => void;
}

/** The owner of requests: a session. */
export interface RequestsOwner {
  /** The limits on what arrives. */
  readonly limits: XmlLimits;
  /** A request was answered, and so were all before it. */
  answered(request: Request, body: ReceivedBody): void;
  /** A request has failed for good. */
  failed(request: Request, error: BrokerError): void;
}

/** Where requests go, and how. */
export interface RequestsParts {
  readonly url: string;
  readonly fetch: Fetch;
  readonly clock: Clock;
}

/**
 * The HTTP requests of a session that are under way, in the order of their `rid` (XEP-0124, 14). Each is repeated as
 * it was where the network failed. Answers are handed on in that order, in whichever they arrive.
 */
export class Requests {
  readonly #parts: RequestsParts;
  readonly #owner: RequestsOwner;
  #flights: Flight[] = [];
  /** How long an answer may take, in milliseconds. */
  #patience = WAIT * 1000 + GRACE;
  /** The `rid` of the last request that was answered, as were all before it. */
  #answered: number | undefined;

  constructor(parts: RequestsParts, owner: RequestsOwner) {
    this.#parts = parts;
    this.#owner = owner;
  }

  /** How many requests are under way. */
  get count(): number {
    return this.#flights.length;
  }

  /** The request that was sent last, if it is under way. */
  get last(): Request | undefined {
    return this.#flights.at(-1);
  }

  /** True if the request that ends the session is under way. */
  get isTerminating(): boolean {
    return this.last?.purpose === "terminate";
  }

  /** The acknowledgement that the next request carries; none if every request has its answer (XEP-0124, 9.2). */
  get ack(): string | undefined {
    return this.count === 0 ? undefined : this.#answered?.toString();
  }

  /** The bytes that have left in the requests up to this `rid`, of those under way; 0: in none of them. */
  handedBy(rid: number): number {
    return this.#flights.findLast((flight) => flight.rid <= rid)?.handed ?? 0;
  }

  /** The bytes that an answer may have. */
  get most(): number {
    return this.#owner.limits.bytes * MOST_STANZAS;
  }

  /** Sends a request. */
  send(request: Request): void {
    const flight: Flight = {
      ...request,
      answer: undefined,
      repeats: 0,
      attempt: undefined,
      stopTimer: nothing,
    };
    this.#flights.push(flight);
    this.#post(flight);
  }

  /** The server holds a request for so many seconds at most. */
  setWait(wait: number): void {
    this.#patience = wait * 1000 + GRACE;
  }

  /** Gives up all requests. Nothing is handed on any more. */
  abort(): void {
    const flights = this.#flights;
    this.#flights = [];
    for (const flight of flights) drop(flight);
  }

  #post(flight: Flight): void {
    const { url, fetch, clock } = this.#parts;
    const attempt = new AbortController();
    flight.attempt = attempt;
    const ended = (outcome: Outcome): void => {
      if (flight.attempt !== attempt) return;
      flight.attempt = undefined;
      flight.stopTimer();
      this.#ended(flight, outcome);
    };
    flight.stopTimer = clock.after(this.#patience, () => {
      attempt.abort();
      ended({ kind: "broken", cause: new BrokerError("DISCONNECTED", "no answer came in time") });
    });
    void post(fetch, url, flight.text, this.most, attempt.signal).then(ended);
  }

  #ended(flight: Flight, outcome: Outcome): void {
    if (outcome.kind !== "answer") {
      this.#failed(flight, outcome);
      return;
    }
    const body = new ReceivedBody(outcome.bytes, this.#owner.limits);
    if (body.type === "error") this.#recover(flight);
    else {
      flight.answer = body;
      this.#handOn();
    }
  }

  #handOn(): void {
    for (;;) {
      const [flight] = this.#flights;
      if (flight?.answer === undefined) return;
      this.#flights.shift();
      this.#answered = flight.rid;
      this.#owner.answered(flight, flight.answer);
    }
  }

  /** The server asks again for this request and for all before it that have no answer (XEP-0124, 17.3). */
  #recover(last: Flight): void {
    const cause = new BrokerError("DISCONNECTED", "the server asked for the request again");
    for (const flight of this.#flights.slice(0, this.#flights.indexOf(last) + 1)) {
      if (flight.answer !== undefined) continue;
      drop(flight);
      this.#failed(flight, { kind: "broken", cause });
    }
  }

  #failed(flight: Flight, failure: Failure): void {
    const { clock } = this.#parts;
    const wait = REPEATS[flight.repeats];
    const isLate = clock.now() - flight.sentAt >= 2 * this.#patience;
    if (flight.purpose === "create") this.#giveUp(flight, notCreated(failure));
    else if (wait === undefined || isLate || !isWorthRepeating(failure)) {
      this.#giveUp(flight, failed(failure));
    } else {
      flight.repeats++;
      const again = (): void => {
        this.#post(flight);
      };
      flight.stopTimer = clock.after(wait, again, true);
    }
  }

  #giveUp(flight: Flight, error: BrokerError): void {
    this.abort();
    this.#owner.failed(flight, error);
  }
}

/** Ends the HTTP request of a flight, and its timer. */
function drop(flight: Flight): void {
  const { attempt } = flight;
  flight.attempt = undefined;
  flight.stopTimer();
  attempt?.abort();
}
