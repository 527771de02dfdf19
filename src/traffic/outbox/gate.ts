import { randomId } from "../../base/crypto/crypto.ts";
import { asBrokerError, BrokerError } from "../../base/errors.ts";
import { exceedsBytes, utf8Length } from "../../base/text/utf8.ts";
import { OWN_KEY } from "../../contract/delivery.ts";
import type { UnackedStanza } from "../../contract/session-state.ts";
import type { Dialect } from "../../dialect/dialect.ts";
import { TrackedDelivery } from "../../session/delivery/delivery.ts";
import { type Item, sentBefore, type Tracked, unwritten } from "../../session/delivery/item.ts";
import { type DeliveryKeeper, KeptDelivery } from "../../session/delivery/kept-delivery.ts";
import { toClient } from "../../session/translate.ts";
import type { ElementWriter } from "../../stream/framing.ts";
import { isInStanzaNamespace, isRequest, isStanza, withDelay } from "../../stream/stanza.ts";
import { type Element, isElement, withAttribute } from "../../xml/element.ts";
import { DEEPEST, type XmlLimits } from "../../xml/limits.ts";
import { NS } from "../../xml/namespaces.ts";
import { type ParseOptions, parse } from "../../xml/read/parse.ts";
import type { TrafficParts } from "../parts.ts";

/** The largest stanza where neither the program nor the server names a number: servers take so much of a client. */
const SEND_BYTES = 256 * 1024;

/** The beginning of an element. */
const ELEMENT = /^<[^?!]/;

/** The limits on a stanza that the broker has written before. */
const LARGE = 64 * 1024 * 1024;
const WIDE: Partial<XmlLimits> = {
  bytes: LARGE,
  depth: DEEPEST,
  elements: LARGE / 4,
  attributes: LARGE / 4,
  declarations: LARGE / 4,
  name: LARGE,
  tag: LARGE,
};

/**
 * The gate that every stanza passes on its way out: it is checked and put into the shape of the wire as it is
 * now. A stanza that cannot go fails alone.
 */
export class Gate {
  readonly #parts: TrafficParts;
  readonly writeElement: ElementWriter;
  /** The keeper of deliveries whose stanzas are stored; `undefined`: there is no store. */
  keeper: DeliveryKeeper | undefined;
  /** The beginning of the broker's own keys in a store, which must be new ones in each process. */
  #prefix: string | undefined;
  #count = 0;
  /** The largest stanza that goes to the server in force, or to the last one, in bytes. */
  #most: number;

  constructor(parts: TrafficParts, writeElement: ElementWriter) {
    this.#parts = parts;
    this.writeElement = writeElement;
    this.#most = parts.settings.limits.sendBytes ?? SEND_BYTES;
  }

  /** A server says how large an element it takes (XEP-0478), or nothing. The program can only lower that. */
  announced(maxBytes: number | undefined): void {
    const { sendBytes } = this.#parts.settings.limits;
    this.#most =
      maxBytes === undefined
        ? (sendBytes ?? SEND_BYTES)
        : Math.min(maxBytes, sendBytes ?? maxBytes);
  }

  /** The error for a text of so many bytes; `undefined`: it may go. */
  refusal(bytes: number): BrokerError | undefined {
    if (bytes <= this.#most) return undefined;
    return new BrokerError("TOO_LARGE", `${bytes} bytes, ${this.#most} are allowed`);
  }

  /** Makes an item of a stanza; its delivery has failed already where the stanza cannot be sent. */
  prepare(
    given: Element,
    ttl: number | undefined,
    key: string | undefined,
    request: Item["request"],
  ): Item {
    const { settings, crypto, clock } = this.#parts;
    const { dialect } = settings;
    const delivery =
      this.keeper === undefined || request !== undefined || !isKept(given)
        ? new TrackedDelivery(key ?? ++this.#count)
        : new KeptDelivery(key ?? this.#newKey(), this.keeper);
    const expires = ttl === undefined ? undefined : clock.now() + ttl;
    try {
      if (!isElement(given)) throw new BrokerError("ILLEGAL_XML", "the stanza is no element");
      if (given.ns === NS.stream) {
        throw new BrokerError("ILLEGAL_XML", `<${given.name}> is no stanza but part of the stream`);
      }
      // An element that is no stanza, such as an envelope of the caller's own, goes as it is.
      const stanza =
        dialect.returns && !given.attrs.id && isInStanzaNamespace(given)
          ? withAttribute(given, "id", randomId(crypto))
          : given;
      const wire = dialect.outbound?.(stanza) ?? stanza;
      const text = this.writeElement(wire);
      const refusal = exceedsBytes(text, this.#most) ? this.refusal(utf8Length(text)) : undefined;
      if (refusal !== undefined) throw refusal;
      const returning = dialect.returns ? takeOut(dialect, wire) : undefined;
      // (Every item has the same members: those of one shape are written faster.)
      return {
        delivery,
        stanza,
        text,
        bytes: text.length,
        returning,
        expires,
        request,
        tracked: undefined,
        at: 0,
      };
    } catch (thrown) {
      delivery.fail(asBrokerError(thrown, "ILLEGAL_XML"));
      return unwritten(delivery, given, expires);
    }
  }

  /**
   * Makes the item that is sent again after its session ended. A message or presence without a delay gets one
   * (XEP-0203): from the address of that session, with the time of the first send. The item given stays as it is.
   */
  again(item: Item, { sentAt }: Tracked, from: string): Item {
    const again = this.#again(item, withDelay(item.stanza, from, sentAt));
    // The delay must not make a stanza too large that was not.
    return this.refusal(again.bytes) === undefined ? again : this.#again(item, item.stanza);
  }

  /** Makes the item of a stanza that another broker has written, at `sentAt`. Ends in `BAD_OPTION`. */
  written({ text, key, tries = 0 }: UnackedStanza, sentAt: number, option: string): Item {
    const { settings, context, clock } = this.#parts;
    const { dialect } = settings;
    let stanza: Element;
    try {
      // A declaration is legal in front of an element, but not inside a stream.
      if (!ELEMENT.test(text)) throw new BrokerError("ILLEGAL_XML", "no element begins the text");
      const wire = readOwn(text, context);
      stanza = dialect.inbound === undefined ? wire : takeOut(dialect, wire);
      toClient(stanza, context.ns);
      if (!isStanza(stanza)) throw new BrokerError("ILLEGAL_XML", `<${stanza.name}>`);
    } catch (cause) {
      throw new BrokerError("BAD_OPTION", `${option} must be the text of one stanza`, { cause });
    }
    const since = Math.min(clock.now() - (clock.wall() - sentAt), clock.now());
    const { keeper } = this;
    // The store still has what a session has left.
    const kept =
      keeper === undefined || key === undefined ? undefined : new KeptDelivery(key, keeper);
    kept?.keep();
    const delivery = kept ?? new TrackedDelivery(key ?? ++this.#count);
    const tracked = sentBefore(sentAt, since, tries);
    return { ...unwritten(delivery, stanza, undefined), text, bytes: text.length, tracked };
  }

  #newKey(): string {
    this.#prefix ??= `${OWN_KEY}${randomId(this.#parts.crypto)}-`;
    return this.#prefix + String(++this.#count);
  }

  #again(item: Item, stanza: Element): Item {
    const { dialect } = this.#parts.settings;
    const wire = dialect.outbound?.(stanza) ?? stanza;
    const text = this.writeElement(wire);
    const returning = dialect.returns ? takeOut(dialect, wire) : undefined;
    return { ...item, stanza, text, bytes: utf8Length(text), returning, at: 0 };
  }
}

/** Reads a stanza that the broker has written before: it may be larger than what a server may send. */
export function readOwn(text: string, context: ParseOptions): Element {
  return parse(text, { ...context, limits: WIDE });
}

/** True if a store keeps such a stanza. An answer is worth nothing to an asker who has waited for a new process. */
function isKept(given: Element): boolean {
  if (!isElement(given) || !isStanza(given)) return false;
  return given.name !== "iq" || isRequest(given);
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
