import { randomId } from "../base/crypto/crypto.ts";
import { askedBy, resultFor } from "../stream/reply.ts";
import { isRequest } from "../stream/stanza.ts";
import type { Element } from "../xml/element.ts";
import type { AckLine } from "./acks/acks.ts";
import { pingOf } from "./acks/ways.ts";
import type { SessionParts } from "./parts.ts";

const NONE: readonly string[] = [];

/** How many earlier pings are remembered whose answers may still come. */
const MOST_EARLIER = 8;

/** The keep-alive's ping of a session. Neither it nor its answer is traffic. */
export class Probe {
  readonly #parts: Pick<SessionParts, "crypto" | "dialect" | "clock" | "instruments">;
  readonly #line: Pick<AckLine, "jid" | "isService" | "own">;
  /** The ping that is under way: its id, and when it was sent. */
  #open: { readonly id: string; readonly at: number } | undefined;
  /** The ids of earlier pings, oldest first. A session that is resumed may bring their answers, also again. */
  #earlier: readonly string[] = NONE;

  constructor(
    parts: Pick<SessionParts, "crypto" | "dialect" | "clock" | "instruments">,
    line: Pick<AckLine, "jid" | "isService" | "own">,
  ) {
    this.#parts = parts;
    this.#line = line;
  }

  /** True if an answer is awaited. */
  get isOpen(): boolean {
    return this.#open !== undefined;
  }

  /** Sends a ping that a living server answers. A component has no server to ask: it asks itself, through the server. */
  send(): void {
    const { crypto, dialect, clock } = this.#parts;
    const line = this.#line;
    const id = randomId(crypto);
    this.stop();
    this.#open = { id, at: clock.now() };
    const to = line.isService ? line.jid : dialect.domain;
    line.own(pingOf({ to }, id, line));
  }

  /** A stanza arrived; true if it was a ping, come back through the server, or the answer to one. */
  heard(stanza: Element): boolean {
    const open = this.#open;
    const { id } = stanza.attrs;
    if (stanza.name !== "iq" || id === undefined) return false;
    if (id !== open?.id && !this.#earlier.includes(id)) return false;
    if (isRequest(stanza)) this.#line.own(resultFor(askedBy(stanza)));
    else if (id === open?.id) {
      const { instruments, clock } = this.#parts;
      instruments.stats.roundTrip = clock.now() - open.at;
      this.#open = undefined;
    }
    return true;
  }

  /** The link is gone, or another ping follows: the answer is not awaited, and is no traffic if it comes. */
  stop(): void {
    if (this.#open !== undefined) this.remember(this.#open.id);
    this.#open = undefined;
  }

  /** A ping of the session's was sent elsewhere, with this id. */
  remember(id: string): void {
    this.#earlier = [...this.#earlier, id].slice(-MOST_EARLIER);
  }
}
