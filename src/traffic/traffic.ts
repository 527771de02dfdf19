import type { BrokerError } from "../base/errors.ts";
import type { Delivery } from "../contract/delivery.ts";
import type { SessionState } from "../contract/session-state.ts";
import type { LoginResult } from "../negotiate/login.ts";
import type { Kept } from "../session/acks/acks.ts";
import { Barriers } from "../session/acks/barriers.ts";
import { StreamManagement } from "../session/acks/stream-management.ts";
import { IncomingRequests } from "../session/requests/incoming.ts";
import { Requests } from "../session/requests/requests.ts";
import { Session } from "../session/session.ts";
import { type ElementWriter, elementWriter } from "../stream/framing.ts";
import { Activity } from "./activity.ts";
import { Filters } from "./inbox/filters.ts";
import { Inbox } from "./inbox/inbox.ts";
import { Waiting } from "./inbox/waiting.ts";
import { Gate } from "./outbox/gate.ts";
import { BoundedOutbox } from "./outbox/outbox.ts";
import { Unacked } from "./outbox/unacked.ts";
import type { TrafficParts } from "./parts.ts";

/** The fate of a session whose link is gone: over another link, in another process, or over. */
export type Fate = "goes on" | "elsewhere" | "over";

/**
 * Everything that outlives sessions, and how it hangs together:
 *
 *     send ─────────────┐                          ┌─ requests (an answer ends here)
 *     request ─ requests ┴─ outbox ─ session ──────┤
 *                                                  └─ inbox ─ filters ─ respond, waitFor, stanzas
 */
export class Traffic {
  readonly outbox: BoundedOutbox;
  readonly requests: Requests;
  readonly filters: Filters;
  readonly waiting: Waiting;
  readonly inbox: Inbox;
  /** The word on whether the client is in use. */
  readonly activity = new Activity();
  readonly #incoming: IncomingRequests;
  readonly #gate: Gate;
  readonly #writeElement: ElementWriter;
  readonly #parts: TrafficParts;

  constructor(parts: TrafficParts) {
    this.#parts = parts;
    const { settings, context, crypto, clock, instruments } = parts;
    const { limits } = settings;
    const incoming = new IncomingRequests(limits.requests);
    this.#incoming = incoming;
    this.#writeElement = elementWriter(context);
    this.#gate = new Gate(parts, this.#writeElement);
    this.outbox = new BoundedOutbox(parts, this.#gate, incoming);
    this.requests = new Requests(crypto, clock, limits.requests, instruments, this.outbox);
    this.filters = new Filters(parts, incoming, this.outbox);
    this.waiting = new Waiting(this.filters, clock, settings.inbox.bytes);
    this.inbox = new Inbox(parts, this.requests, this.filters);
  }

  /** Makes the session of a login. */
  session(result: LoginResult): Session {
    return this.#make(result, 0, undefined);
  }

  /** Makes the session that another broker has detached; its stanzas are written already. Ends in `BAD_OPTION`. */
  restore({ jid, id, max, location, h, acked, detachedAt, unacked }: SessionState): Session {
    const items = unacked.map((entry, index) => {
      if (entry === null) return undefined;
      return this.#gate.written(
        entry,
        entry.sentAt ?? detachedAt,
        `session.unacked[${index}].text`,
      );
    });
    const management = { id, max, location };
    const session = this.#make({ jid, management }, h, { acked, unacked: items });
    this.outbox.use(session);
    return session;
  }

  #make({ jid, management }: LoginResult, handled: number, kept: Kept | undefined): Session {
    const { settings, context, crypto, clock, instruments } = this.#parts;
    return new Session({
      jid,
      dialect: settings.dialect,
      context,
      writeElement: this.#writeElement,
      crypto,
      clock,
      instruments,
      management,
      handled,
      acks: (line) =>
        management === undefined || management.enabled === false
          ? new Barriers(this.#parts, line)
          : new StreamManagement(this.#parts, line, kept),
      requests: this.requests,
      inbox: this.inbox,
      outbox: this.outbox,
    });
  }

  /** A session has a link: stanzas flow, up to the size that its server takes. */
  begin(session: Session, { maxBytes, takesActivity }: LoginResult): void {
    this.#gate.announced(maxBytes);
    this.activity.begin(takesActivity === true ? session : undefined);
    this.outbox.use(session);
    this.outbox.flow();
    this.inbox.use(session);
  }

  /**
   * A session's link is gone. Calling the result settles the deliveries that it leaves without a proof, and returns
   * them. It also ends the requests that were written over the session, unless the session goes on. Nothing is sent
   * again here that a session leaves which goes on elsewhere.
   */
  end(session: Session | undefined, fate: Fate): (error: BrokerError) => readonly Delivery[] {
    const goesOn = fate === "goes on";
    if (goesOn) this.outbox.suspend();
    else {
      this.outbox.use(undefined);
      this.inbox.use(undefined);
    }
    if (session === undefined) return () => [];
    const left = session.detach(goesOn);
    this.outbox.leave(left);
    const settle = (error: BrokerError) => {
      const unacked = new Unacked(this.#parts, this.#gate, this.outbox);
      const settled = unacked.settle(left, session, error, fate === "elsewhere");
      this.outbox.leave(undefined);
      return settled;
    };
    if (goesOn) return settle;
    // A service answers for a domain: its answers are worth as much on the next session.
    if (!session.isService) this.#incoming.end();
    const endRequests = this.requests.ending(session);
    return (error) => {
      endRequests(error);
      return settle(error);
    };
  }
}
