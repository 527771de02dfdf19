import { type Crypto, randomId } from "../base/crypto.ts";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { exceedsBytes, utf8Length } from "../base/utf8.ts";
import { type Delivery, TrackedDelivery } from "../contract/delivery.ts";
import type { Dialect } from "../dialect/dialect.ts";
import type { IncomingRequest, IncomingRequests } from "../session/incoming.ts";
import { Returnable } from "../session/returned.ts";
import { type Element, isElement, withAttribute } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { type SerializeContext, serialize } from "../xml/write/serialize.ts";
import { BoundedOutbox, type OutboxItem, type OutboxLimits, type OutboxPort } from "./outbox.ts";

/** What the sender asks of the broker. */
export interface SenderPort {
  ready(): boolean;
  /** Whether the stream takes stanzas, also where the broker is not `ready` any more: it drains. */
  open(): boolean;
  buffered(): number;
  write(item: OutboxItem): void;
  /** A stanza waits in the queue. */
  queued(stanza: Element): void;
  /** A delivery changed its state. */
  changed(delivery: Delivery, stanza: Element): void;
}

/** What a sender is made of. */
export interface SenderParts {
  readonly dialect: Dialect;
  /** What is declared above a stanza on the stream. */
  readonly context: SerializeContext;
  readonly sendBytes: number;
  readonly queue: OutboxLimits;
  readonly crypto: Pick<Crypto, "random">;
  readonly incoming: IncomingRequests;
  readonly port: SenderPort;
}

/**
 * The way out: a gate. Each stanza is checked, put into the shape of the wire as it is now, and written or
 * queued. One that cannot go fails alone; the stream goes on.
 */
export class Sender implements OutboxPort {
  readonly outbox: BoundedOutbox;
  readonly #parts: SenderParts;
  #returnable: Returnable | undefined;
  /** The context of a stanza: its namespace passes for the stream's own. */
  readonly #stanzaContext: SerializeContext;
  #count = 0;

  constructor(parts: SenderParts) {
    this.#parts = parts;
    this.#stanzaContext = { ...parts.context, ns: NS.client };
    this.outbox = new BoundedOutbox(parts.queue, this);
  }

  // What the outbox asks, and tells.

  ready(): boolean {
    return this.#parts.port.ready();
  }

  buffered(): number {
    return this.#parts.port.buffered();
  }

  failed(item: OutboxItem): void {
    this.#parts.port.changed(item.delivery, item.stanza);
  }

  /** Sends a stanza, or queues it until the broker is ready. Never throws for what the stanza is. */
  send(given: Element, ttl?: number): Delivery {
    const { port } = this.#parts;
    const { incoming } = this.#parts;
    const item = this.#prepare(given, ttl);
    const isAwaited = item.delivery.error === undefined && incoming.awaits(item.stanza);
    // A handler that `shutdown` waits for still gives its answer.
    const isWritten = port.ready() || (isAwaited && port.open());
    const refusal =
      item.delivery.error ??
      this.outbox.admit(item.bytes, !isWritten) ??
      // Nobody has been answered yet by what waits in the queue.
      (isWritten || !isAwaited ? incoming.answer(item.stanza) : undefined);
    if (refusal !== undefined) return this.#refuse(item, refusal);
    if (isWritten) {
      this.write(item);
      return item.delivery;
    }
    const queued = { ...item, stanza: item.stanza.clone() };
    this.outbox.push(queued);
    port.queued(queued.stanza);
    return item.delivery;
  }

  /**
   * Writes an answer of the broker's own while the stream is open, also when it is about to close. Without
   * `request` it is to one that was never opened, and no other counts as answered, however alike they are.
   */
  answer(stanza: Element, request?: IncomingRequest): BrokerError | undefined {
    const { incoming } = this.#parts;
    const item = this.#prepare(stanza, undefined);
    const refusal =
      item.delivery.error ?? (request === undefined ? undefined : incoming.answer(stanza, request));
    if (refusal === undefined) this.#parts.port.write(item);
    return refusal;
  }

  /** A stanza came back: tells its delivery. */
  returned(stanza: Element, error: BrokerError): void {
    const sent = this.#returnable?.take(stanza);
    // Nobody of ours knows it any more: the event still says what came back.
    const delivery = sent?.delivery ?? new TrackedDelivery(++this.#count);
    delivery.fail(error);
    this.#parts.port.changed(delivery, sent?.stanza ?? stanza);
  }

  #prepare(given: Element, ttl: number | undefined): OutboxItem {
    const { dialect, sendBytes, crypto } = this.#parts;
    const delivery = new TrackedDelivery(++this.#count);
    const expires = ttl === undefined ? undefined : performance.now() + ttl;
    try {
      if (!isElement(given)) throw new BrokerError("ILLEGAL_XML", "what was given is no element");
      // What is no stanza, such as an envelope of the caller's own, goes as it is.
      const stanza =
        dialect.returns && !given.attrs.id && isClients(given)
          ? withAttribute(given, "id", randomId(crypto))
          : given;
      const wire = dialect.outbound?.(stanza) ?? stanza;
      const text = this.#wireText(wire);
      if (exceedsBytes(text, sendBytes)) {
        throw new BrokerError("TOO_LARGE", `${utf8Length(text)} bytes, ${sendBytes} are allowed`);
      }
      const bytes = this.#parts.port.ready() ? text.length : utf8Length(text);
      // (Every item has the same members: those of one shape are written faster.)
      const returning = dialect.returns ? takeOut(dialect, wire) : undefined;
      return { delivery, stanza, text, bytes, returning, expires };
    } catch (thrown) {
      delivery.fail(asBrokerError(thrown, "ILLEGAL_XML"));
      return { delivery, stanza: given, text: "", bytes: 0, returning: undefined, expires };
    }
  }

  /** A stanza in `jabber:client` is written as being in the stream's own namespace, whatever that is. */
  #wireText(element: Element): string {
    return serialize(element, isClients(element) ? this.#stanzaContext : this.#parts.context);
  }

  /** Hands a stanza to the transport. */
  write(item: OutboxItem): void {
    const { port } = this.#parts;
    const { delivery, stanza, returning } = item;
    port.write(item);
    delivery.write();
    if (returning !== undefined) {
      this.#returnable ??= new Returnable();
      this.#returnable.remember(delivery, stanza, returning);
    }
    port.changed(delivery, stanza);
  }

  #refuse(item: OutboxItem, error: BrokerError): Delivery {
    if (item.delivery.error === undefined) item.delivery.fail(error);
    this.#parts.port.changed(item.delivery, item.stanza);
    return item.delivery;
  }
}

/** What of an element sent would come back. Where `inbound` fails at it, that is told when it does come back. */
function takeOut(dialect: Dialect, wire: Element): Element {
  try {
    const stanza = dialect.inbound?.(wire)?.stanza;
    return isElement(stanza) ? stanza : wire;
  } catch {
    return wire;
  }
}

/** Whether an element is in the namespace of stanzas, and not in that of the stream. */
function isClients({ ns }: Element): boolean {
  return ns === undefined || ns === NS.client;
}
