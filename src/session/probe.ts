import { randomId } from "../base/crypto/crypto.ts";
import { askedBy, resultFor } from "../stream/reply.ts";
import { isRequest } from "../stream/stanza.ts";
import type { Element } from "../xml/element.ts";
import type { AckLine } from "./acks/acks.ts";
import { pingOf } from "./acks/ways.ts";
import type { SessionParts } from "./parts.ts";

/** The keep-alive's ping of a session. Neither it nor its answer is traffic. */
export class Probe {
  readonly #parts: Pick<SessionParts, "crypto" | "dialect" | "clock" | "instruments">;
  readonly #line: Pick<AckLine, "jid" | "isService" | "own">;
  /** The ping that is under way: its id, and when it was sent. */
  #open: { readonly id: string; readonly at: number } | undefined;

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
    this.#open = { id, at: clock.now() };
    const to = line.isService ? line.jid : dialect.domain;
    line.own(pingOf({ to }, id, line));
  }

  /** A stanza arrived; true if it was the ping, come back through the server, or its answer. */
  heard(stanza: Element): boolean {
    const open = this.#open;
    if (open === undefined || stanza.name !== "iq" || stanza.attrs.id !== open.id) return false;
    if (isRequest(stanza)) this.#line.own(resultFor(askedBy(stanza)));
    else {
      const { instruments, clock } = this.#parts;
      instruments.stats.roundTrip = clock.now() - open.at;
      this.#open = undefined;
    }
    return true;
  }

  /** The link is gone: no answer comes any more. */
  stop(): void {
    this.#open = undefined;
  }
}
