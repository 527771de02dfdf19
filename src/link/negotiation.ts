import { nothing } from "../base/abort.ts";
import { wholeNumber } from "../base/check.ts";
import { within } from "../base/clock.ts";
import type { Crypto } from "../base/crypto/crypto.ts";
import type { ErrorCode } from "../base/error-codes.ts";
import { BrokerError } from "../base/errors.ts";
import type { BrokerEvents } from "../contract/events.ts";
import type { Settings } from "../contract/options.ts";
import type { ReportedStep, Step } from "../contract/phase.ts";
import type { Timeouts } from "../contract/rows/option-groups.ts";
import { carriedJid } from "../jid/carried.ts";
import type { NegotiationEvents } from "../negotiate/events.ts";
import type {
  Disclosure,
  Login,
  LoginResult,
  LoginSettings,
  Previous,
  Resuming,
} from "../negotiate/login.ts";
import type { Memory } from "../negotiate/memory.ts";
import { isFeatures } from "../negotiate/open.ts";
import { AuthError } from "../sasl/auth-error.ts";
import type { HeaderAttributes } from "../stream/framing.ts";
import type { StreamHeader } from "../stream/header.ts";
import type { Stream } from "../stream/stream.ts";
import { isStreamError, StreamError, withoutText } from "../stream/stream-error.ts";
import type { TlsFacts } from "../transport/tls-facts.ts";
import { costOf } from "../xml/cost.ts";
import type { Element } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import type { BeginningLink, LinkParts, LinkTry } from "./link-parts.ts";
import { incomingLimits } from "./open-channel.ts";
import { timedOut } from "./reason.ts";

/** How many stanzas may be put aside until the login is over. */
const MOST_DEFERRED = 1000;

/** How long a server may take to give its own reason for a header that cannot be used, in milliseconds. */
const REASON_WAIT = 500;

/** The steps with a time of their own, and the code that ends them. The others have the time of `bind`. */
const TIMEOUT_OF = {
  stream: "TIMEOUT_STREAM",
  tls: "TIMEOUT_TLS",
  auth: "TIMEOUT_AUTH",
  bind: "TIMEOUT_BIND",
} as const satisfies Partial<Record<Step & keyof Timeouts, ErrorCode>>;

/** The stream as a dialect sees it, with a deadline on the step in force. */
export class Negotiation implements Login {
  readonly settings: LoginSettings;
  readonly crypto: Crypto;
  readonly previous: Previous | undefined;
  readonly memory: Memory;
  /** Stanzas that came during the login. */
  readonly deferred: Element[] = [];
  /** How many of these came before `counted` was called. */
  uncounted = 0;
  /** True if the server goes on with the previous session. */
  hasResumed = false;
  /** The id that the server gave the stream. */
  streamId: string | undefined;
  readonly #parts: LinkParts;
  readonly #resuming: Resuming | undefined;
  readonly #link: BeginningLink;
  readonly #stream: Stream;
  #deferredCost = 0;
  #step: Step = "stream";
  #mechanism = "";
  #revealed = false;
  #secret: string | undefined;
  #isOver = false;
  #stopDeadline = nothing;

  constructor(
    parts: LinkParts,
    { number: attempt, resuming }: LinkTry,
    link: BeginningLink,
    stream: Stream,
  ) {
    const { host, port, policy: tls } = link.destination;
    this.settings = { tls, host, port, attempt, management: managementWanted(parts.settings) };
    this.crypto = parts.runtime.crypto;
    this.previous = resuming?.previous;
    this.memory = parts.memory;
    this.#parts = parts;
    this.#resuming = resuming;
    this.#link = link;
    this.#stream = stream;
  }

  /** Runs the whole login of the dialect. */
  async login(): Promise<LoginResult> {
    if (this.settings.tls === "direct" || this.tls !== undefined) await this.#secureDirectly();
    const result = await this.#parts.settings.dialect.negotiate(this);
    // Answers are judged by it: a dialect of the caller's must not bring what is no address.
    carriedJid(result.jid);
    for (const name of ["maxBytes", "idleSeconds"] as const) {
      if (result[name] !== undefined) wholeNumber(name, result[name], 1);
    }
    if (result.resumed === true && this.previous !== undefined && !this.hasResumed) {
      throw new BrokerError("BAD_OPTION", "a login resumed, and did not call `login.resumed`");
    }
    return result;
  }

  get signal(): AbortSignal {
    return this.#link.signal;
  }

  /** The step in force: the one that failed, when `negotiate` rejects. */
  get step(): Step {
    return this.#step;
  }

  /** True if authentication has begun. */
  get hasAuthenticated(): boolean {
    return this.#mechanism !== "";
  }

  /**
   * The end of the stream, as it is meant at this step. `not-authorized` while authenticating refuses the
   * credentials, however the server says it (XEP-0114 says it by a stream error). A server that was shown a
   * secret may repeat it, so its text is left out then. A `conflict` at a login is likely a dead connection of
   * our own that the server has not given up yet: it passes.
   */
  verdict(error: BrokerError | undefined): BrokerError | undefined {
    if (!isStreamError(error)) return error;
    const told = this.#revealed ? withoutText(error) : error;
    const { condition, text, otherHost } = told;
    if (condition === "conflict") return new StreamError(condition, text, otherHost, true);
    if (condition !== "not-authorized" || this.#step !== "auth") return told;
    return new AuthError(this.#mechanism, { condition, cause: told });
  }

  get revealed(): boolean {
    return this.#revealed;
  }

  /** The secret that the server has seen, where it is known: no later error may repeat it either. */
  get secret(): string | undefined {
    return this.#secret;
  }

  get tls(): TlsFacts | undefined {
    return this.#stream.channel.tls;
  }

  async open(attributes?: HeaderAttributes): Promise<StreamHeader> {
    this.enter("stream");
    const header = await this.#told(this.#stream.open(attributes));
    this.streamId = header.id;
    return header;
  }

  async features(): Promise<Element> {
    const element = await this.next();
    if (isFeatures(element)) {
      // Without a way to start TLS the offer is to be ignored (RFC 7395, 3.9).
      const isOfferable = this.#stream.channel.secure !== undefined;
      return isOfferable ? element : without(element, "starttls", NS.tls);
    }
    throw new BrokerError("PROTOCOL_ERROR", `<stream:features/> expected, <${element.name}> came`);
  }

  next(): Promise<Element> {
    return this.#told(this.#stream.next());
  }

  async refuse(error: BrokerError): Promise<never> {
    // The rejection of `next` is the server's own reason.
    await within(this.#parts.runtime.clock, REASON_WAIT, this.next(), nothing);
    throw error;
  }

  defer(element: Element): void {
    const { bytes } = this.#parts.settings.inbox;
    this.#deferredCost += costOf(element);
    // A session that goes on may have missed many.
    const isTooMany = !this.hasResumed && this.deferred.length >= MOST_DEFERRED;
    if (isTooMany || this.#deferredCost > bytes) {
      const most = isTooMany ? `${MOST_DEFERRED} stanzas` : `${bytes} bytes (inbox.bytes)`;
      throw new BrokerError("POLICY_VIOLATION", `more than ${most} before the login was over`);
    }
    this.deferred.push(element);
  }

  counted(): void {
    this.uncounted = this.deferred.length;
  }

  resumed(h: number): void {
    this.counted();
    this.hasResumed = true;
    this.#resuming?.resumed(h);
  }

  enter(step: Step): void {
    if (this.#isOver) return;
    this.#stopDeadline();
    this.#step = step;
    const { settings, runtime, instruments } = this.#parts;
    const wait = step in TIMEOUT_OF ? (step as keyof typeof TIMEOUT_OF) : "bind";
    const most = settings.timeouts[wait];
    this.#stopDeadline = runtime.clock.after(most, () => {
      this.#stream.ours.finish(timedOut(TIMEOUT_OF[wait], most));
    });
    if (step === "auth") instruments.secrecy = "all";
    else instruments.secrecy = this.#revealed ? "errors" : "none";
    this.#link.enter({ name: "negotiating", step });
  }

  send(element: Element): void {
    const { id } = element.attrs;
    if (this.hasResumed && id !== undefined) this.#resuming?.pinged(id);
    this.#stream.ours.send(element);
  }

  secure(): Promise<TlsFacts> {
    return this.#stream.secure({ direct: false });
  }

  /**
   * TLS from the first byte, done here or by the channel.
   *
   *     C: (connects)
   *        ^ here
   *     C: ClientHello … S: ServerHello …
   *     C: <stream:stream …>
   */
  async #secureDirectly(): Promise<void> {
    this.report("tls:start", {});
    const facts = this.tls ?? (await this.#stream.secure({ direct: true }));
    this.report("tls:success", facts);
  }

  report<E extends keyof NegotiationEvents>(
    event: E,
    payload: NegotiationEvents[E],
    { reveals = true, secret }: Disclosure = {},
  ): void {
    const [step, verb] = event.split(":") as [ReportedStep, "start" | "success" | "failure"];
    // A dialect that has not heard of the end yet has nothing to report any more.
    if (this.#isOver) return;
    if (verb === "start") this.enter(step);
    if ("mechanism" in payload) this.#mechanism = payload.mechanism;
    // A secret that was shown once on this connection stays shown, whatever mechanism follows.
    if (event === "auth:start" && reveals) this.#revealed = true;
    this.#secret ??= secret;
    this.#link.emit(event, payload as BrokerEvents[typeof event]);
    if (verb !== "success") return;
    // A server that has let us in may send larger things: a roster before the bind result, say.
    if (step === "auth") {
      this.#stream.channel.setLimits(incomingLimits(this.#parts.settings.limits));
    }
    this.enter("stream");
  }

  /** The negotiation is over: no deadline runs any more. */
  end(): void {
    this.#isOver = true;
    this.#parts.instruments.secrecy =
      this.#secret === undefined ? "none" : { secret: this.#secret };
    this.#stopDeadline();
  }

  /** Gives the dialect, too, the verdict on the end of the stream, without words that it must not repeat. */
  async #told<T>(awaited: Promise<T>): Promise<T> {
    try {
      return await awaited;
    } catch (error) {
      const verdict = isStreamError(error) ? this.verdict(error) : undefined;
      throw verdict ?? error;
    }
  }
}

/** How much of stream management is wanted. A session is kept for those who come back: else it swallows mail. */
function managementWanted(settings: Settings): LoginSettings["management"] {
  const { acks, queue, reconnect, session } = settings;
  if (acks === false) return "none";
  const comesBack = reconnect !== false || session !== undefined || queue.store !== undefined;
  return comesBack ? "resume" : "acks";
}

/** An element without some of its children. */
function without(element: Element, name: string, ns: string): Element {
  const copy = element.clone();
  copy.children = copy.children.filter((child) => typeof child === "string" || !child.is(name, ns));
  return copy;
}
