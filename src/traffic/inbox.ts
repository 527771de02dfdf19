import { type Crypto, randomId } from "../base/crypto.ts";
import { BrokerError } from "../base/errors.ts";
import type { Dialect, Inbound } from "../dialect/dialect.ts";
import { isRequest, resultFor } from "../session/incoming.ts";
import type { Requests } from "../session/requests.ts";
import { type Element, isElement, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import type { Filters } from "./filters.ts";
import type { Sender } from "./sender.ts";
import { toClient } from "./translate.ts";

/** What the inbox asks of the broker. */
export interface InboxPort {
  /** The address in force. */
  jid(): string;
  /** A stanza arrived that is no answer. */
  received(stanza: Element): void;
  failed(error: BrokerError, source: string): void;
}

/** What an inbox is made of. */
export interface InboxParts {
  readonly dialect: Dialect;
  readonly contentNamespace: string;
  readonly crypto: Pick<Crypto, "random">;
  readonly requests: Requests;
  readonly sender: Sender;
  readonly filters: Filters;
  readonly port: InboxPort;
}

/** The way in: out of its envelope, into `jabber:client`, to the request it answers or else to the filters. */
export class Inbox {
  readonly #parts: InboxParts;
  /** The id of keep-alive's last probe. */
  #probe: string | undefined;

  constructor(parts: InboxParts) {
    this.#parts = parts;
  }

  received(element: Element): void {
    const { requests, sender, filters, port, contentNamespace } = this.#parts;
    const taken = this.#takeApart(element);
    if (taken === undefined) return;
    const { stanza, route, returned } = taken;
    toClient(stanza, contentNamespace);
    if (returned !== undefined) {
      if (!requests.fail(stanza, returned)) sender.returned(stanza, returned);
    } else if (this.#isProbe(stanza)) {
      // Our own question, come back through the server, and the answer to it are no traffic.
      if (isRequest(stanza)) sender.answer(resultFor(stanza));
    } else if (!requests.answer(stanza, port.jid())) {
      port.received(stanza);
      filters.dispatch(stanza, route);
    }
  }

  /**
   * Sends what a living server answers: a ping to it. A component has no server to ask, so it asks itself,
   * through the server.
   */
  probe(jid: string): void {
    const { crypto, sender, dialect } = this.#parts;
    const id = randomId(crypto);
    this.#probe = id;
    const isComponent = !jid.includes("@");
    const to = isComponent ? jid : dialect.domain;
    const from = isComponent ? jid : undefined;
    sender.answer(xml("iq", { type: "get", id, to, from }, xml("ping", { xmlns: NS.ping })));
  }

  #isProbe(stanza: Element): boolean {
    return this.#probe !== undefined && stanza.name === "iq" && stanza.attrs.id === this.#probe;
  }

  /** The stanza inside what arrived; a dialect that fails at it loses that one, not the stream. */
  #takeApart(element: Element): Inbound | undefined {
    const { dialect, port } = this.#parts;
    if (dialect.inbound === undefined) return { stanza: element };
    try {
      const taken = dialect.inbound(element);
      if (taken === undefined || isElement(taken.stanza)) return taken;
      throw new BrokerError("HANDLER_FAILED", "what it took out is no stanza");
    } catch (thrown) {
      const error = new BrokerError("HANDLER_FAILED", `of ${dialect.name}`, { cause: thrown });
      port.failed(error, "dialect.inbound");
      return undefined;
    }
  }
}
