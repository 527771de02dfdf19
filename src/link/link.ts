import { nothing, shutDown } from "../base/abort.ts";
import { wholeNumber } from "../base/check.ts";
import { deferred } from "../base/deferred.ts";
import { asBrokerError, BrokerError, isBrokerError } from "../base/errors.ts";
import { type Steps, step } from "../base/state.ts";
import type { BrokerEvents } from "../contract/events.ts";
import type { Instruments } from "../contract/instruments.ts";
import type { Settings } from "../contract/options.ts";
import type { Phase, ReportedStep, Step } from "../contract/phase.ts";
import { carriedJid } from "../jid/carried.ts";
import type { Lookup } from "../lookup/endpoint.ts";
import { NEGOTIATION_EVENTS } from "../negotiate/events.ts";
import type { LoginResult, LoginSettings, Resuming } from "../negotiate/login.ts";
import type { Memory } from "../negotiate/memory.ts";
import type { Channel } from "../stream/channel.ts";
import { Stream } from "../stream/stream.ts";
import { isStreamError, onceReady, withoutText } from "../stream/stream-error.ts";
import type { StreamOwner, StreamSink } from "../stream/stream-parts.ts";
import type { Transport } from "../transport/transport.ts";
import type { Element } from "../xml/element.ts";
import { type Destination, findDestinations, serverName } from "./address.ts";
import { beforeIdle, KeepAlive, type Prober } from "./keep-alive.ts";
import type { LoginLimit } from "./login-limit.ts";
import { Negotiation } from "./negotiation.ts";
import { type ChannelParts, incomingLimits, openChannel } from "./open-channel.ts";

/** The life of a link: made, looking its server up, connecting, logging in, logged in, saying goodbye, over. */
export type LinkState = "new" | "looking-up" | "connecting" | "login" | "open" | "closing" | "over";

const STEPS: Steps<LinkState> = {
  new: ["looking-up", "over"],
  "looking-up": ["connecting", "over"],
  connecting: ["login", "over"],
  login: ["open", "over"],
  open: ["closing", "over"],
  closing: ["over"],
  over: [],
};

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

/** The parts of a link. */
export interface LinkParts extends ChannelParts {
  /** Counts the tries since the broker was last ready, from 1. */
  readonly attempt: number;
  readonly instruments: Instruments;
  readonly owner: LinkOwner;
  /** The session to resume, where there is one. */
  readonly resuming: Resuming | undefined;
  readonly memory: Memory;
  /** Bounds the logins at a time to each server; `undefined`: nothing does. */
  readonly logins: LoginLimit | undefined;
}

/** Shared by all links without other endpoints. */
const NONE: readonly Destination[] = [];

/** One connection, from its first packet to its last: connect, log in, carry a session, say goodbye. */
export class Link implements StreamOwner {
  readonly #parts: LinkParts;
  #state: LinkState = "new";
  #destination: Destination;
  #known: readonly Destination[] | undefined;
  #left: readonly Destination[] = NONE;
  /** Why nothing is to be waited for any more. */
  #cause: BrokerError | undefined;
  /** Aborted with the cause. Made only for those that want a signal: it weighs as much as the rest of a link. */
  #abort: AbortController | undefined;
  #calledOff = nothing;
  #stopTimer = nothing;
  /** Gives back the place among the logins to this server. */
  #leave = nothing;
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
  /** True if the connection's end must wait for the report of a failed login. */
  #isReporting = false;

  /**
   * `destination`: where to connect, unless a lookup finds better. `known`: the endpoints, where they are known
   * already; the first is tried, the others are left.
   */
  constructor(
    parts: LinkParts,
    destination: Destination,
    known: readonly Destination[] | undefined,
  ) {
    this.#parts = parts;
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
    return this.#streamId;
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
    return this.#parts.owner.mayGoOn && (this.#session?.isResumable ?? this.isResuming);
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
    if (this.#state !== "new") throw this.#reason(undefined);
    this.#to("looking-up");
    const over = deferred<never>();
    let stopTelling = nothing;
    // A server that refuses closes the stream in the same breath. The dialect that is just being told of the
    // refusal knows the better reason, and has this turn to say so.
    this.#calledOff = () => {
      stopTelling = this.#parts.runtime.clock.after(0, () => {
        over.reject(this.#reason(undefined));
      });
    };
    this.#isReporting = true;
    try {
      const { lookup } = this.#parts.settings;
      if (this.#known === undefined && lookup !== undefined) {
        await this.#lookUp(lookup, over.promise);
      } else this.#take(this.#known ?? [this.#destination]);
      const stream = await this.#connect(over.promise);
      this.#mustGoOn();
      const negotiation = this.#negotiate(stream);
      const result = await Promise.race([this.#login(negotiation), over.promise]);
      this.#to("open");
      // The end of this one is the end of the try.
      this.#left = NONE;
      return result;
    } catch (thrown) {
      const error = this.#reason(thrown);
      this.#reportFailure(error);
      this.fail(error);
      throw error;
    } finally {
      this.#calledOff = nothing;
      this.#leave();
      this.#leave = nothing;
      stopTelling();
      this.#clearTimer();
      this.#negotiation?.end();
      this.#isReporting = false;
      if (this.#isGone) this.#parts.owner.linkGone(this);
    }
  }

  /** Carries a session from now on: it gets every element, by the limits of a server that has let us in. */
  carry(session: Carried): void {
    this.#session = session;
    this.#secret = this.#negotiation?.secret;
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
    this.#to("closing");
    this.#stopTimer = this.#parts.runtime.clock.after(timeout, () => {
      this.destroy();
    });
    this.#stream?.ours.close();
  }

  /** Ends the link without a goodbye, so that the server keeps the session. Written text still leaves. */
  leave(): void {
    if (this.#state === "open") this.#stream?.ours.leave();
    else this.destroy();
  }

  /** Ends the link, with a goodbye where there is a stream; with an error: because of that. */
  fail(error: BrokerError | undefined): void {
    if (error === undefined) this.#giveUpOthers();
    this.#end(error);
    if (this.#stream === undefined) this.gone();
    else this.#stream.ours.finish(error);
  }

  /** Drops everything at once, without a goodbye. */
  destroy(error?: BrokerError): void {
    if (error === undefined) this.#giveUpOthers();
    this.#end(error);
    if (this.#stream === undefined) this.gone();
    else this.#stream.ours.destroy(error);
  }

  /** Aborted with the reason when the attempt is over. */
  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#cause !== undefined) this.#abort.abort(this.#cause);
    return this.#abort.signal;
  }

  // Events of the stream.

  opened(header: string): void {
    this.#emit("stream:start", { header });
  }

  closing(): void {
    this.#emit("stream:end", {});
  }

  ended(error: BrokerError | undefined): void {
    this.#end(
      this.#negotiation === undefined ? this.#told(error) : this.#negotiation.verdict(error),
    );
  }

  gone(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#clearTimer();
    this.#end(undefined);
    // The failure of a login is told before the end of its connection.
    if (!this.#isReporting) this.#parts.owner.linkGone(this);
  }

  async #lookUp(lookup: Lookup, over: Promise<never>): Promise<void> {
    const { owner, settings, runtime, attempt } = this.#parts;
    owner.change({ name: "connecting", attempt });
    this.#mustGoOn();
    this.#limit(settings.timeouts.lookup, "LOOKUP_FAILED");
    const { signal } = this;
    const begun = runtime.clock.now();
    const finding = findDestinations({
      settings,
      fallback: this.#destination,
      lookup,
      signal,
      report: (event, failure) => {
        if (this.#state === "looking-up") this.#emit(event, failure);
      },
      crypto: runtime.crypto,
    });
    const endpoints = await Promise.race([finding, over]);
    this.#clearTimer();
    const milliseconds = runtime.clock.now() - begun;
    this.#emit("lookup", { domain: settings.dialect.domain, endpoints, milliseconds });
    this.#take(endpoints);
    this.#mustGoOn();
  }

  /** The first endpoint is tried here, the others are left. */
  #take([first, ...left]: readonly Destination[]): void {
    this.#destination = first ?? this.#destination;
    this.#left = left.length === 0 ? NONE : left;
    this.#known = undefined;
  }

  /** Gives up the current step after a number of milliseconds. */
  #limit(wait: number, code: "LOOKUP_FAILED" | "TIMEOUT_CONNECT"): void {
    this.#stopTimer = this.#parts.runtime.clock.after(wait, () => {
      this.#callOff(new BrokerError(code, `${wait} ms have passed`, { retryable: true }));
    });
  }

  async #connect(over: Promise<never>): Promise<Stream> {
    const { connect, runtime, settings, owner, attempt } = this.#parts;
    const { host, port } = this.#destination;
    this.#to("connecting");
    owner.change({ name: "connecting", host, port, attempt });
    const { logins } = this.#parts;
    if (logins !== undefined) await this.#enter(logins, over);
    this.#emit("connecting", { host, port, attempt });
    this.#mustGoOn();
    this.#limit(settings.timeouts.connect, "TIMEOUT_CONNECT");
    const begun = runtime.clock.now();
    const connecting = openChannel(this.#parts, this.#destination, this.signal, (event, told) => {
      if (this.#state === "connecting") this.#emit(event, told as BrokerEvents[typeof event]);
    });
    // A factory of the caller's may not heed the signal: a connection that comes too late is dropped.
    connecting.then(
      (late) => {
        if (this.#state === "over") late.destroy();
      },
      () => undefined,
    );
    const channel = await Promise.race([connecting, over]);
    this.#clearTimer();
    // The runtime's own way does not look at the signal once it has connected; a caller's may.
    if (connect === runtime.connect) this.#abort = undefined;
    this.#mustGoOn();
    return this.#begin(channel, runtime.clock.now() - begun);
  }

  /** Waits until a login to this server may begin. */
  async #enter(logins: LoginLimit, over: Promise<never>): Promise<void> {
    this.#mustGoOn();
    const turn = deferred<undefined>();
    this.#leave = logins.enter(serverName(this.#destination), () => {
      turn.resolve(undefined);
    });
    await Promise.race([turn.promise, over]);
    this.#mustGoOn();
  }

  #begin(channel: Channel, milliseconds: number): Stream {
    const { settings, context, runtime, instruments } = this.#parts;
    const { dialect, overrides } = settings;
    this.#stream = new Stream(channel, {
      domain: dialect.domain,
      version: overrides.version ?? dialect.version,
      context,
      clock: runtime.clock,
      tap: instruments,
      owner: this,
    });
    const { local, remote } = channel.transport ?? { local: undefined, remote: undefined };
    this.#emit("connected", { local, remote, milliseconds });
    return this.#stream;
  }

  #negotiate(stream: Stream): Negotiation {
    this.#to("login");
    const { settings, runtime, resuming, memory, instruments, owner, attempt } = this.#parts;
    const { policy, host, port } = this.#destination;
    this.#negotiation = new Negotiation({
      stream,
      link: this,
      crypto: runtime.crypto,
      clock: runtime.clock,
      timeouts: settings.timeouts,
      limits: incomingLimits(settings.limits),
      settings: { tls: policy, host, port, attempt, management: managementWanted(settings) },
      inboxBytes: settings.inbox.bytes,
      resuming,
      memory,
      instruments,
      enter: (phase) => {
        if (this.#state !== "over" && owner.link === this) owner.change(phase);
      },
      emit: (event, payload) => {
        this.#emit(event, payload as BrokerEvents[typeof event]);
      },
      opened: (header) => {
        this.#streamId = header.id;
      },
    });
    return this.#negotiation;
  }

  async #login(negotiation: Negotiation): Promise<LoginResult> {
    if (this.#destination.policy === "direct" || negotiation.tls !== undefined) {
      await negotiation.secureDirectly();
    }
    const result = await this.#parts.settings.dialect.negotiate(negotiation);
    // Answers are judged by it: a dialect of the caller's must not bring what is no address.
    carriedJid(result.jid);
    const { maxBytes, idleSeconds } = result;
    if (maxBytes !== undefined) wholeNumber("maxBytes", maxBytes, 1);
    if (idleSeconds !== undefined) wholeNumber("idleSeconds", idleSeconds, 1);
    this.#idleSeconds = idleSeconds;
    if (result.resumed === true && negotiation.previous !== undefined && !negotiation.hasResumed) {
      throw new BrokerError("BAD_OPTION", "a login resumed, and did not call `login.resumed`");
    }
    this.#mustGoOn();
    return result;
  }

  /** Throws once the link is over: a listener of the last step may have ended it. */
  #mustGoOn(): void {
    if (this.#state === "over") throw this.#reason(undefined);
  }

  /** The reason for the end of the link. */
  #reason(thrown: unknown): BrokerError {
    const reason = this.#cause ?? thrown;
    // The dialect's error says more than a plain end by the server, unless it is that end again.
    const isVerdict = isBrokerError(thrown) && !isStreamError(thrown);
    if (isVerdict && isServersEnd(reason)) return thrown;
    return this.#stream === undefined
      ? asBrokerError(reason, "CONNECT_FAILED", { retryable: true })
      : asBrokerError(reason, "HANDLER_FAILED");
  }

  /** Emits the failure event of the layer that failed. */
  #reportFailure(error: BrokerError): void {
    const step = this.#negotiation?.step;
    if (this.#stream === undefined) this.#emit("connect:failure", { error });
    else if (isReported(step)) this.#emit(`${step}:failure`, { error });
  }

  #emit<E extends keyof BrokerEvents>(event: E, payload: BrokerEvents[E]): void {
    if (this.#parts.owner.link === this) this.#parts.instruments.emit(event, payload);
  }

  /** The error of a stream that was ready, without the server's words where they repeat the secret of the login. */
  #told(error: BrokerError | undefined): BrokerError | undefined {
    if (!isStreamError(error)) return error;
    const told = onceReady(error);
    const repeats = this.#secret !== undefined && told.text?.includes(this.#secret) === true;
    return repeats ? withoutText(told) : told;
  }

  #end(error: BrokerError | undefined): void {
    if (this.#state === "over") return;
    this.#to("over");
    this.#keepAlive?.stop();
    this.#negotiation?.end();
    this.#callOff(error ?? shutDown());
    this.#parts.owner.linkEnded(this, error);
  }

  /** We end it ourselves: no other endpoint is tried. One that has failed already is the last one then. */
  #giveUpOthers(): void {
    if (this.left.length === 0) return;
    this.#left = NONE;
    if (this.#state !== "over") return;
    const { owner } = this.#parts;
    owner.linkEnded(this, undefined);
    if (this.#isGone && !this.#isReporting) owner.linkGone(this);
  }

  /** Stops all waiting. The first cause stays. */
  #callOff(cause: BrokerError): void {
    if (this.#cause !== undefined) return;
    this.#cause = cause;
    this.#abort?.abort(cause);
    this.#calledOff();
  }

  #clearTimer(): void {
    this.#stopTimer();
    this.#stopTimer = nothing;
  }

  #to(state: LinkState): void {
    this.#state = step("link", STEPS, this.#state, state);
  }
}

/** How much of stream management is wanted. A session is kept for those who come back: else it swallows mail. */
function managementWanted(settings: Settings): LoginSettings["management"] {
  const { acks, queue, reconnect, session } = settings;
  if (acks === false) return "none";
  const comesBack = reconnect !== false || session !== undefined || queue.store !== undefined;
  return comesBack ? "resume" : "acks";
}

/** True if a step of the login has an event for its failure. */
function isReported(step: Step | undefined): step is ReportedStep {
  return `${step ?? ""}:failure` in NEGOTIATION_EVENTS;
}

/** True if it was the server that ended the link, in one way or another. */
function isServersEnd(reason: unknown): boolean {
  return (
    isBrokerError(reason) && (reason.code === "DISCONNECTED" || reason.code === "STREAM_ERROR")
  );
}
