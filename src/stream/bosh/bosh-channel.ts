import { BrokerError } from "../../base/errors.ts";
import type { TlsFacts } from "../../transport/tls-facts.ts";
import { Element } from "../../xml/element.ts";
import type { XmlLimits } from "../../xml/limits.ts";
import { NS } from "../../xml/namespaces.ts";
import type { Channel, ChannelEvents } from "../channel.ts";
import type { ChannelEnding, HeaderAttributes, StreamContext } from "../framing.ts";
import { BOSH, bodyAttributes, bodyText, type ReceivedBody } from "./body.ts";
import { BoshSession, type SessionOwner, type SessionParts } from "./bosh-session.ts";
import { terminated } from "./conditions.ts";
import { Incoming } from "./incoming.ts";
import type { Purpose } from "./requests.ts";

/** Our footer, as the trace shows it. */
const FOOTER = bodyText({ type: "terminate" }, "");

/** The parts of a channel over BOSH. */
export interface BoshParts extends SessionParts {
  /** The facts of TLS, if HTTP has it. */
  readonly tls: TlsFacts | undefined;
  readonly context: StreamContext;
  readonly limits: XmlLimits;
}

/**
 * A stream over HTTP requests (XEP-0124, XEP-0206). One request lies at the server until it has elements for us.
 * The elements of a turn go in another.
 *
 *     C: <body rid='1' …/>                            S: <body sid='s' …><stream:features/></body>
 *     C: <body rid='2' sid='s'/>                      (it is held)
 *     C: <body rid='3' sid='s'><message/></body>      S: <body/>, the answer to 2; now 3 is held
 */
export class BoshChannel implements Channel, SessionOwner {
  readonly transport = undefined;
  readonly tls: TlsFacts | undefined;
  /** The limits on what arrives. */
  limits: XmlLimits;
  readonly #streamNs: string;
  readonly #session: BoshSession;
  readonly #incoming = new Incoming();
  #events: ChannelEvents | undefined;
  /** Our last header. */
  #header: HeaderAttributes = {};
  /** True if the reader has asked for more than there was. */
  #isHungry = false;
  #isPaused = false;

  constructor({ tls, context, limits, ...parts }: BoshParts) {
    this.tls = tls;
    this.limits = limits;
    this.#streamNs = context.prefixes.stream;
    this.#session = new BoshSession(parts, this);
  }

  get handed(): number {
    return this.#session.handed;
  }

  get unsent(): number {
    return this.#session.handed - this.#session.taken;
  }

  get unread(): number {
    return this.#incoming.unread;
  }

  get idle(): boolean {
    return this.#incoming.idle;
  }

  get ending(): ChannelEnding | undefined {
    return this.#incoming.ending;
  }

  start(events: ChannelEvents): void {
    this.#events = events;
  }

  open(attributes: HeaderAttributes): string {
    this.#header = bodyAttributes(attributes);
    this.#incoming.clear();
    this.#session.open(attributes);
    return bodyText(this.#header, "");
  }

  isHeader(element: Element): boolean {
    return element.is("stream", this.#streamNs);
  }

  read(): Element | undefined {
    const element = this.#incoming.read();
    this.#setHunger(element === undefined);
    return element;
  }

  write(text: string): number {
    this.#session.write(text);
    return this.handed;
  }

  writeError(condition: string): string {
    const inside = `<${condition} xmlns='${NS.streamErrors}'/>`;
    const text = `<stream:error xmlns:stream='${NS.stream}'>${inside}</stream:error>`;
    this.write(text);
    return text;
  }

  writeFooter(): string {
    this.#session.close();
    return FOOTER;
  }

  setLimits(limits: XmlLimits): void {
    this.limits = limits;
    this.#incoming.setLimits(limits);
  }

  pause(): void {
    this.#isPaused = true;
    this.#ask();
  }

  resume(): void {
    this.#isPaused = false;
    this.#ask();
  }

  finish(): void {
    this.#session.finish();
  }

  destroy(): void {
    this.#session.leave(undefined);
  }

  stop(): void {
    this.#incoming.stop();
  }

  // Events of the session.

  leaving(): void {
    this.#events?.leaving();
  }

  taken(total: number): void {
    this.#events?.taken(total);
  }

  answered(purpose: Purpose, body: ReceivedBody): void {
    if (purpose === "create" || purpose === "restart") this.#begin(body);
    this.#incoming.push(body);
    const isTerminated = body.type === "terminate" && !this.#session.isTerminating;
    // The answer to our goodbye comes behind those to earlier requests, and they may say goodbye as well.
    if (purpose === "terminate") this.#end({ by: "footer" });
    else if (isTerminated) this.#end(endingBy(body));
    else if (this.#session.state === "over") this.#end({ by: "fault", error: noSession() });
    this.#setHunger(this.#isHungry && this.#incoming.idle);
    this.#events?.readable(body.length);
  }

  gone(error: BrokerError | undefined): void {
    this.#events?.gone(error);
  }

  /** The answer to our header is read as the server's, unless it says that there is no stream. */
  #begin({ attributes, fault }: ReceivedBody): void {
    const { condition, authid, from } = attributes;
    const isRefused = condition !== undefined && condition !== "remote-stream-error";
    const isNothing = this.#session.state === "over" && condition === undefined;
    if (fault !== undefined || isRefused || isNothing) return;
    const version = attributes[`{${BOSH.xmpp}}version`] ?? this.#header["xmpp:version"];
    this.#incoming.begin(new Element("stream", this.#streamNs, { id: authid, from, version }));
  }

  #end(ending: ChannelEnding): void {
    this.#incoming.end(ending);
    this.#session.end();
  }

  #setHunger(isHungry: boolean): void {
    if (isHungry === this.#isHungry) return;
    this.#isHungry = isHungry;
    this.#ask();
  }

  #ask(): void {
    this.#session.want(this.#isHungry && !this.#isPaused);
  }
}

/** How a session ends that the server terminates. */
function endingBy(body: ReceivedBody): ChannelEnding {
  const { condition } = body.attributes;
  if (condition === undefined) return { by: "footer" };
  return { by: "fault", error: terminated(condition, undefined, body.uri) };
}

function noSession(): BrokerError {
  return new BrokerError("PROTOCOL_ERROR", "the answer to the request for a session has no sid");
}
