import { BrokerError } from "../../base/errors.ts";
import { Element } from "../../xml/element.ts";
import type { XmlLimits } from "../../xml/limits.ts";
import { NS } from "../../xml/namespaces.ts";
import { StreamParser } from "../../xml/read/stream-parser.ts";
import { openTag } from "../../xml/write/serialize.ts";
import { XmlError } from "../../xml/xml-error.ts";
import type { HeaderAttributes } from "../framing.ts";

/** The namespaces of BOSH. */
export const BOSH = {
  body: "http://jabber.org/protocol/httpbind",
  xmpp: "urn:xmpp:xbosh",
} as const;

/**
 * The attributes of our header as those of a body. The version is always one with features: ejabberd answers only once
 * it has some.
 */
export function bodyAttributes({
  version = "1.0",
  ...attributes
}: HeaderAttributes): HeaderAttributes {
  return { ...attributes, "xmpp:version": version };
}

/** Writes a body around a payload. Attributes that are undefined are left out. */
export function bodyText(
  attributes: Readonly<Record<string, string | undefined>>,
  payload: string,
): string {
  const isXmpp = Object.keys(attributes).some((name) => name.startsWith("xmpp:"));
  const tag = openTag("body", {
    xmlns: BOSH.body,
    "xmlns:xmpp": isXmpp ? BOSH.xmpp : undefined,
    "xmlns:stream": payload.includes("stream:") ? NS.stream : undefined,
    ...attributes,
  });
  return payload === "" ? `${tag.slice(0, -1)}/>` : `${tag}${payload}</body>`;
}

/** A stanza's text as a child of a body: there the default namespace is not the stanza's. */
export function asChild(text: string): string {
  return text.replace(/^<[^\s/>:]+(?=[\s/>])(?! xmlns=)/, `$& xmlns='${NS.client}'`);
}

/** A body that has arrived whole. Its attributes are read at once, each of its elements when it is asked for. */
export class ReceivedBody {
  /** The attributes of `<body/>`; empty if `fault` is set. */
  readonly attributes: Readonly<Record<string, string | undefined>>;
  /** The fault, where the answer is no body. */
  readonly fault: XmlError | BrokerError | undefined;
  /** How many bytes it has. */
  readonly length: number;
  /** How many elements were read of it. */
  elements = 0;
  readonly #parser: StreamParser;
  /** Elements of a stream error that stand in the body without their parent. */
  #isError = false;

  constructor(bytes: Uint8Array, limits: XmlLimits) {
    this.length = bytes.length;
    // Some servers use the prefix `stream` without a declaration.
    const context = { prefixes: { stream: NS.stream } };
    this.#parser = new StreamParser({ limits, context });
    this.#parser.feed(bytes);
    this.#parser.finish();
    const root = this.#parser.read();
    const isBody = root?.is("body", BOSH.body) === true;
    this.attributes = isBody ? root.attrs : {};
    if (!isBody) this.fault = root === undefined ? this.end : noBody(root);
  }

  /** The kind of the body: `terminate`, `error`, or undefined for an ordinary one. */
  get type(): string | undefined {
    return this.attributes.type;
  }

  /** The address that stands beside the condition `see-other-uri`; reads it. */
  get uri(): string | undefined {
    if (this.attributes.condition !== "see-other-uri") return undefined;
    return this.#parser.read()?.text().trim();
  }

  /** Once all is read: the fault that ended the reading, if there is one. */
  get end(): XmlError | undefined {
    const { end = cutShort(this.length) } = this.#parser;
    return end === "closed" ? undefined : end;
  }

  /** The next element, as it would stand on a stream. `undefined`: there are no more, or `end` says why. */
  read(): Element | undefined {
    const element = this.#parser.read();
    if (element === undefined) return undefined;
    this.elements++;
    if (element.ns === NS.streamErrors) return this.#wrapped(element);
    return element.ns === BOSH.body ? asStanza(element) : element;
  }

  /** Changes the limits from the next `read` on. */
  setLimits(limits: XmlLimits): void {
    this.#parser.setLimits(limits);
  }

  /** Older servers put the content of a stream error into the body (XEP-0206 1.0, 6). */
  #wrapped(first: Element): Element | undefined {
    if (this.#isError) return undefined;
    this.#isError = true;
    const children = [first];
    for (let next = this.#parser.read(); next !== undefined; next = this.#parser.read()) {
      children.push(next);
    }
    return new Element("error", NS.stream, undefined, undefined, children);
  }
}

function noBody({ name }: Element): BrokerError {
  const detail = `the HTTP answer is no BOSH body: it begins with <${name}>`;
  return new BrokerError("PROTOCOL_ERROR", detail);
}

function cutShort(length: number): XmlError {
  return new XmlError("not-well-formed", "the body has no end", length, "the end of the answer");
}

/** Servers that forward stanzas as they are leave their namespace out (XEP-0206, 2). */
function asStanza({ name, attrs, prefixes, children, ns }: Element): Element {
  const own = ns === BOSH.body ? NS.client : ns;
  const inner = children.map((child) => (typeof child === "string" ? child : asStanza(child)));
  return new Element(name, own, attrs, prefixes, inner);
}
