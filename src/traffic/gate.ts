import type { Clock } from "../base/clock.ts";
import { type Crypto, randomId } from "../base/crypto/crypto.ts";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { exceedsBytes, utf8Length } from "../base/text/utf8.ts";
import type { Dialect } from "../dialect/dialect.ts";
import { TrackedDelivery } from "../session/delivery.ts";
import type { Item } from "../session/item.ts";
import { type Element, isElement, withAttribute } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { type SerializeContext, serialize } from "../xml/write/serialize.ts";

/** The parts of a gate. */
export interface GateParts {
  readonly dialect: Dialect;
  /** The declarations above a stanza on the stream. */
  readonly context: SerializeContext;
  /** The largest stanza, in bytes. */
  readonly sendBytes: number;
  readonly crypto: Pick<Crypto, "random">;
  readonly clock: Clock;
}

/**
 * The gate that every stanza passes on its way out: it is checked and put into the shape of the wire as it is
 * now. A stanza that cannot go fails alone.
 */
export class Gate {
  readonly #parts: GateParts;
  /** The context of a stanza: its namespace passes for the stream's own. */
  readonly #stanzaContext: SerializeContext;
  #count = 0;

  constructor(parts: GateParts) {
    this.#parts = parts;
    this.#stanzaContext = { ...parts.context, ns: NS.client };
  }

  /** Makes an item of a stanza; its delivery has failed already where the stanza cannot be sent. */
  prepare(
    given: Element,
    ttl: number | undefined,
    key: string | undefined,
    request: Item["request"],
  ): Item {
    const { dialect, sendBytes, crypto, clock } = this.#parts;
    const delivery = new TrackedDelivery(key ?? ++this.#count);
    const expires = ttl === undefined ? undefined : clock.now() + ttl;
    try {
      if (!isElement(given)) throw new BrokerError("ILLEGAL_XML", "the stanza is no element");
      if (given.ns === NS.stream) {
        throw new BrokerError("ILLEGAL_XML", `<${given.name}> is no stanza but part of the stream`);
      }
      // An element that is no stanza, such as an envelope of the caller's own, goes as it is.
      const stanza =
        dialect.returns && !given.attrs.id && isStanzaNamespace(given)
          ? withAttribute(given, "id", randomId(crypto))
          : given;
      const wire = dialect.outbound?.(stanza) ?? stanza;
      // A stanza in `jabber:client` is written as being in the stream's own namespace, whatever that is.
      const isStanzas = wire.ns === undefined || wire.ns === NS.client;
      const context = isStanzas ? this.#stanzaContext : this.#parts.context;
      const text = serialize(wire, context);
      if (exceedsBytes(text, sendBytes)) {
        throw new BrokerError("TOO_LARGE", `${utf8Length(text)} bytes, ${sendBytes} are allowed`);
      }
      const returning = dialect.returns ? takeOut(dialect, wire) : undefined;
      // (Every item has the same members: those of one shape are written faster.)
      return { delivery, stanza, text, bytes: text.length, returning, expires, request, at: 0 };
    } catch (thrown) {
      delivery.fail(asBrokerError(thrown, "ILLEGAL_XML"));
      const nothing = { text: "", bytes: 0, returning: undefined };
      return { delivery, stanza: given, ...nothing, expires, request, at: 0 };
    }
  }
}

/** The part of an element that would come back. Where `inbound` fails at it, that is told when it does come back. */
function takeOut(dialect: Dialect, wire: Element): Element {
  try {
    const stanza = dialect.inbound?.(wire)?.stanza;
    return isElement(stanza) ? stanza : wire;
  } catch {
    return wire;
  }
}

/** True if an element is in the namespace of stanzas, and not in that of the stream. */
function isStanzaNamespace({ ns }: Element): boolean {
  return ns === undefined || ns === NS.client;
}
