import { nothing, shutDown } from "../base/abort.ts";
import type { BrokerError } from "../base/errors.ts";
import { step } from "../base/state.ts";
import type { BrokerEvents } from "../contract/events.ts";
import type { Phase, ReportedStep, Step } from "../contract/phase.ts";
import { NEGOTIATION_EVENTS } from "../negotiate/events.ts";
import type { LoginResult } from "../negotiate/login.ts";
import type { Channel } from "../stream/channel.ts";
import { Stream } from "../stream/stream.ts";
import type { StreamOwner, StreamSink } from "../stream/stream-parts.ts";
import type { Transport } from "../transport/transport.ts";
import type { Element } from "../xml/element.ts";
import type { Destination } from "./address.ts";
import { Connecting } from "./connecting.ts";
import { beforeIdle, KeepAlive, type Prober } from "./keep-alive.ts";
import {
  type BeginningLink,
  LINK_STEPS,
  type LinkParts,
  type LinkState,
  type LinkTry,
} from "./link-parts.ts";
import { Negotiation } from "./negotiation.ts";
import { incomingLimits } from "./open-channel.ts";
import { endOnceReady, reasonOf } from "./reason.ts";

/** The owner of a link: a run. */
export interface LinkOwner {
  /** The link in force: an older one has nothing to tell any more. */
  readonly link: Link | undefined;
  /** True if another link may follow the one in force, here or in another process. */
  readonly mayGoOn: boolean;
  /** Goes on to another phase. */
  change(to: Phase): void;
  /** The stream is over: nothing can be sent or answered over it any more. Called once. */
  linkEnded(link: Link, error: BrokerError | undefined): void;
  /** The connection is gone. Called once, last. */
  linkGone(link: Link): void;
}

/** The session that a link carries. */
export interface Carried extends StreamSink {
  /** True if the session may go on over another link. */
  readonly isResumable: boolean;
}

/** The try that a link belongs to, and its owner. */
export interface OwnedTry extends LinkTry {
  readonly owner: LinkOwner;
}

/** Shared by all links without other endpoints. */
const NONE: readonly Destination[] = [];

/** One connection, from its first packet to its last: connect, log in, carry a session, say goodbye. */
export class Link implements StreamOwner, BeginningLink {
  readonly #parts: LinkParts;
  readonly #try: OwnedTry;
  #state: LinkState = "new";
  #destination: Destination;
  readonly #known: readonly Destination[] | undefined;
  #left: readonly Destination[] = NONE;
  /** Why nothing is to be waited for any more. */
  #cause: BrokerError | undefined;
  /** Aborted with the cause. Made only for those that want a signal: it weighs as much as the rest of a link. */
  #abort: AbortController | undefined;
  /** Ends a goodbye that takes too long. */
  #stopTimer = nothing;
  /** The way to the channel, until the login is over. The end of the connection waits for its report. */
  #connecting: Connecting | undefined;
  #stream: Stream | undefined;
  #negotiation: Negotiation | undefined;
  #keepAlive: KeepAlive | undefined;
  /** The seconds of silence after which the server takes the stream for idle, where it says so. */
  #idleSeconds: number | undefined;
  /** The session, once it is carried. */
  #session: Carried | undefined;
  #streamId: string | undefined;
  /** The secret that the login has shown the server, where it is known. */
  #secret: string | undefined;
  #isGone = false;

  /**
   * `destination`: where to connect, unless a lookup finds better. `known`: the endpoints, where they are known
   * already; the first is tried, the others are left.
   */
  constructor(
    parts: LinkParts,
    ofTry: OwnedTry,
    destination: Destination,
    known: readonly Destination[] | undefined,
  ) {
    this.#parts = parts;
    this.#try = ofTry;
    this.#destination = destination;
    this.#known = known;
  }

  get state(): LinkState {
    return this.#state;
  }

  get destination(): Destination {
    return this.#destination;
  }

  /** The endpoints that are tried after this one: none once the server has judged our credentials, or we gave up. */
  get left(): readonly Destination[] {
    return this.#negotiation?.hasAuthenticated === true ? NONE : this.#left;
  }

  get transport(): Transport | undefined {
    return this.#stream?.channel.transport;
  }

  get streamId(): string | undefined {
    return this.#negotiation?.streamId ?? this.#streamId;
  }

  /** The stream, once there is one. */
  get stream(): Stream | undefined {
    return this.#stream;
  }

  /** True if its login is asking for an old session, or ended there. */
  get isResuming(): boolean {
    return this.#negotiation?.step === "resume";
  }

  get keepsSession(): boolean {
    return this.#try.owner.mayGoOn && (this.#session?.isResumable ?? this.isResuming);
  }

  /** True if a stanza can be written. */
  get isOpen(): boolean {
    return this.#state !== "over" && this.#stream?.ours.state === "open";
  }

  /** True if it is over, or has said goodbye: later stanzas need the next link. */
  get isEnding(): boolean {
    return this.#state === "over" || this.#stream?.ours.isEnding === true;
  }

  /** Stanzas that came during the login, oldest first. */
  get deferred(): readonly Element[] {
    return this.#negotiation?.deferred ?? [];
  }

  /** How many of these came before stanzas count (XEP-0198, 4). */
  get uncounted(): number {
    return this.#negotiation?.uncounted ?? 0;
  }

  /** True if its login has resumed an old session: the answer to a ping came last, and counts. */
  get hasResumed(): boolean {
    return this.#negotiation?.hasResumed === true;
  }

  /** Connects and logs in. Rejects with the reason for the end of the link. */
  async begin(): Promise<LoginResult> {
    this.mustGoOn();
    this.to("looking-up");
    const connecting = new Connecting(this.#parts, this, this.#try.number);
    this.#connecting = connecting;
    try {
      if (this.#known === undefined) await connecting.lookUp();
      else this.take(this.#known);
      const stream = await connecting.connect();
      this.to("login");
      const negotiation = new Negotiation(this.#parts, this.#try, this, stream);
      this.#negotiation = negotiation;
      const result = await connecting.unlessOver(negotiation.login());
      this.mustGoOn();
      this.#idleSeconds = result.idleSeconds;
      this.to("open");
      // The end of this one is the end of the try.
      this.#left = NONE;
      return result;
    } catch (thrown) {
      const error = reasonOf(this.#cause, thrown, this.#stream !== undefined);
      this.#reportFailure(error);
      this.fail(error);
      throw error;
    } finally {
      connecting.end();
      this.#connecting = undefined;
      this.#negotiation?.end();
      if (this.#isGone) this.#try.owner.linkGone(this);
    }
  }

  /** Carries a session from now on: it gets every element, by the limits of a server that has let us in. */
  carry(session: Carried): void {
    this.#session = session;
    this.#secret = this.#negotiation?.secret;
    this.#streamId = this.streamId;
    this.#negotiation = undefined;
    this.#stream?.flow(session, incomingLimits(this.#parts.settings.limits));
  }

  /** Watches the stream from now on: an idle one is probed, a dead one ends with `SOCKET_DEAD`. */
  watch(prober: Prober): void {
    const { settings, runtime } = this.#parts;
    const { keepAlive } = settings;
    if (keepAlive === false || this.#stream === undefined || this.#state !== "open") return;
    const times = beforeIdle(keepAlive, this.#idleSeconds);
    this.#keepAlive = new KeepAlive(times, runtime.clock, this.#stream, this, prober);
  }

  /** Probes the stream at once: the machine may have slept, or changed its network. */
  wake(): void {
    if (this.#state === "open") this.#keepAlive?.wake();
  }

  /** Says goodbye and waits, `timeout` ms at most, for the server to do so. */
  close(timeout: number): void {
    if (this.#state === "over") return;
    this.to("closing");
    this.#stopTimer = this.#parts.runtime.clock.after(timeout, () => {
      this.destroy();
    });
    this.#stream?.ours.close();
  }

  /** Ends an open link without a goodbye, so that the server keeps the session. Written text still leaves. */
  leave(): void {
    this.#stream?.ours.leave();
  }

  /** Ends the link, with a goodbye where there is a stream; with an error: because of that. */
  fail(error: BrokerError | undefined): void {
    this.#stop("finish", error);
  }

  /** Drops everything at once, without a goodbye. */
  destroy(error?: BrokerError): void {
    this.#stop("destroy", error);
  }

  /** Aborted with the reason when the attempt is over. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#cause !== undefined) this.#abort.abort(this.#cause);
    return this.#abort.signal;
  }

  // Events of the stream.

  opened(header: string): void {
    this.emit("stream:start", { header });
  }

  closing(): void {
    this.emit("stream:end", {});
  }

  ended(error: BrokerError | undefined): void {
    const login = this.#negotiation;
    this.#end(login === undefined ? endOnceReady(error, this.#secret) : login.verdict(error));
  }

  gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#stopTimer();
    this.#end(undefined);
    // The failure of a login is told before the end of its connection.
    if (this.#connecting === undefined) this.#try.owner.linkGone(this);
  }

  to(state: LinkState): void {
    this.#state = step("link", LINK_STEPS, this.#state, state);
  }

  enter(phase: Phase): void {
    const { owner } = this.#try;
    if (this.#state !== "over" && owner.link === this) owner.change(phase);
  }

  emit<E extends keyof BrokerEvents>(event: E, payload: BrokerEvents[E]): void {
    if (this.#try.owner.link === this) this.#parts.instruments.emit(event, payload);
  }

  take([first, ...left]: readonly Destination[]): void {
    this.#destination = first ?? this.#destination;
    this.#left = left.length === 0 ? NONE : left;
  }

  mustGoOn(): void {
    if (this.#state === "over") throw this.#cause ?? shutDown();
  }

  start(channel: Channel): Stream {
    const { settings, context, connect, runtime, instruments } = this.#parts;
    const { dialect, overrides } = settings;
    // The runtime's own way does not look at the signal once it has connected; a caller's may.
    if (connect === runtime.connect) this.#abort = undefined;
    this.mustGoOn();
    this.#stream = new Stream(channel, {
      domain: dialect.domain,
      version: overrides.version ?? dialect.version,
      context,
      clock: runtime.clock,
      tap: instruments,
      owner: this,
    });
    return this.#stream;
  }

  callOff(cause: BrokerError): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#abort?.abort(cause);
    this.#connecting?.callOff(cause);
  }

  /** Emits the failure event of the layer that failed. */
  #reportFailure(error: BrokerError): void {
    const step = this.#negotiation?.step;
    if (this.#stream === undefined) this.emit("connect:failure", { error });
    else if (isReported(step)) this.emit(`${step}:failure`, { error });
  }

  #stop(how: "finish" | "destroy", error: BrokerError | undefined): void {
    if (error === undefined) this.#giveUpOthers();
    this.#end(error);
    if (this.#stream === undefined) this.gone();
    else this.#stream.ours[how](error);
  }

  #end(error: BrokerError | undefined): void {
    if (this.#state === "over") return;
    this.to("over");
    this.#keepAlive?.stop();
    this.#negotiation?.end();
    this.callOff(error ?? shutDown());
    this.#try.owner.linkEnded(this, error);
  }

  /** We end it ourselves: no other endpoint is tried. One that has failed already is the last one then. */
  #giveUpOthers(): void {
    if (this.left.length === 0) return;
    this.#left = NONE;
    if (this.#state !== "over") return;
    const { owner } = this.#try;
    owner.linkEnded(this, undefined);
    if (this.#isGone && this.#connecting === undefined) owner.linkGone(this);
  }
}

/** True if a step of the login has an event for its failure. */
function isReported(step: Step | undefined): step is ReportedStep {
  return `${step ?? ""}:failure` in NEGOTIATION_EVENTS;
}
