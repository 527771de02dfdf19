import { nothing } from "../base/abort.ts";
import { deferred } from "../base/deferred.ts";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { after } from "../base/timer.ts";
import type { BrokerEvents } from "../contract/events.ts";
import { DEFAULTS, type Settings } from "../contract/options.ts";
import type { Phase, Step } from "../contract/phase.ts";
import type { Runtime } from "../contract/runtime.ts";
import { jid } from "../jid/jid.ts";
import type { NegotiationEvents } from "../negotiate/login.ts";
import type { StreamHeader } from "../stream/header.ts";
import { Stream, type StreamContext, type StreamEvents, type Tapped } from "../stream/stream.ts";
import { StreamError } from "../stream/stream-error.ts";
import type { TlsSettings, Transport, TransportFactory } from "../transport/transport.ts";
import type { Element } from "../xml/element.ts";
import { LIMITS, LIMITS_BEFORE_AUTHENTICATION, type XmlLimits } from "../xml/limits.ts";
import type { Destination } from "./address.ts";
import { Negotiation, type NegotiationPort } from "./negotiation.ts";

/** What a connection tells the broker. */
export interface ConnectionPort {
  emit<E extends keyof BrokerEvents>(event: E, payload: BrokerEvents[E]): void;
  phase(to: Phase): void;
  /** An element arrived on the ready stream. */
  received(element: Element): void;
  /** Bytes arrived. */
  alive(): void;
  /** The stream is over: nothing can be sent or answered any more. Called once. */
  ended(error: BrokerError | undefined): void;
  /** The connection is gone. Called once, last. */
  closedConnection(): void;
  /** For the trace: what goes over the wire; `wire`: how it looks there. */
  tap(direction: "in" | "out", what: Tapped, wire?: string): void;
}

/** What a connection is made of. */
export interface ConnectionParts {
  readonly settings: Settings;
  readonly key: string | undefined;
  readonly destination: Destination;
  /** The caller's own way to reach the server, if there is one, else the runtime's. */
  readonly connect: TransportFactory;
  readonly context: StreamContext;
  readonly runtime: Runtime;
  readonly port: ConnectionPort;
}

/**
 * One run: a connection from its first packet to its last, used once.
 *
 *     connecting ── negotiating ── ready ── closing ── over
 */
export class Connection implements StreamEvents, NegotiationPort {
  readonly #parts: ConnectionParts;
  /** Aborted with the cause. Let go where nobody can hold its signal: it weighs as much as all the rest here. */
  #abort: AbortController | undefined;
  /** Why nothing is to be waited for any more. */
  #cause: BrokerError | undefined;
  /** What else is to be done as soon as there is a cause. */
  #calledOff = nothing;
  #stream: Stream | undefined;
  #negotiation: Negotiation | undefined;
  #streamId: string | undefined;
  #over = false;
  #gone = false;
  #isNegotiating = false;
  #stopTimer = nothing;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
  }

  get destination(): Destination {
    return this.#parts.destination;
  }

  get transport(): Transport | undefined {
    return this.#stream?.transport;
  }

  get streamId(): string | undefined {
    return this.#streamId;
  }

  /** Connects and negotiates; resolves with the address in force. Rejects with what ended the run. */
  async negotiate(): Promise<string> {
    this.#mustGoOn();
    this.#isNegotiating = true;
    const over = deferred<never>();
    let stopTelling = nothing;
    // Whatever is being waited for, it is waited for no longer than the run lasts.
    this.#calledOff = () => {
      // A server that refuses closes the stream in the same breath: the dialect, which is just being told
      // of the refusal, knows better what it was, and has this turn to say so.
      stopTelling = after(0, () => {
        over.reject(this.#reason(undefined));
      });
    };
    try {
      const transport = await this.#connect(over.promise);
      const stream = this.#open(transport);
      this.#mustGoOn();
      const negotiation = this.#begin(stream);
      return await Promise.race([this.#login(negotiation), over.promise]);
    } catch (thrown) {
      const error = this.#reason(thrown);
      this.#reportFailure(error);
      this.fail(error);
      throw error;
    } finally {
      this.#calledOff = nothing;
      stopTelling();
      this.#clearTimer();
      this.#negotiation?.end();
      this.#isNegotiating = false;
      // What failed was told first.
      if (this.#gone) this.#parts.port.closedConnection();
    }
  }

  /** Begins to deliver stanzas; called once the broker calls itself ready. */
  flow(): void {
    const deferred = this.#negotiation?.deferred ?? [];
    // What was needed to log in is needed no longer.
    this.#negotiation = undefined;
    this.#stream?.setLimits(incomingLimits(this.#parts.settings.limits));
    this.#stream?.flow(deferred);
  }

  /** Writes what a stanza looks like on the wire; false where the stream takes none any more. */
  write(text: string, stanza: Element): boolean {
    if (this.#stream?.write(text) !== true) return false;
    this.#parts.port.tap("out", stanza, text);
    return true;
  }

  /** Says goodbye and waits, `timeout` ms at most, for the other side to do so. */
  close(timeout: number): void {
    if (this.#over) return;
    this.#stopTimer = after(timeout, () => {
      this.destroy();
    });
    // What is written but not taken by the peer goes first; the closing tag stands behind it.
    this.#stream?.close();
  }

  /** Whether the stream has ended. */
  isOver(): boolean {
    return this.#over;
  }

  /** Whether a stanza can be written. */
  isOpen(): boolean {
    return !this.#over && this.#stream?.isOpen === true;
  }

  /** Whether it is over, or has said goodbye: what is to be sent needs the next one. */
  isEnding(): boolean {
    return this.#over || this.#stream?.isEnding === true;
  }

  /** Ends the run, saying goodbye as far as there is somebody to say it to; with an error: because of that. */
  fail(error: BrokerError | undefined): void {
    this.#end(error);
    if (this.#stream === undefined) this.closed();
    else this.#stream.fail(error);
  }

  /** Drops everything at once, without a word to the peer. */
  destroy(error?: BrokerError): void {
    this.#end(error);
    if (this.#stream === undefined) this.closed();
    else this.#stream.destroy(error);
  }

  // What the stream tells.

  started(header: string): void {
    this.#parts.port.emit("stream:start", { header });
  }

  finished(): void {
    this.#parts.port.emit("stream:end", {});
  }

  alive(): void {
    this.#parts.port.alive();
  }

  tap(direction: "in" | "out", what: Tapped): void {
    this.#parts.port.tap(direction, what);
  }

  received(element: Element): void {
    this.#parts.port.received(element);
  }

  ended(error: BrokerError | undefined): void {
    this.#end(this.#negotiation === undefined ? error : this.#negotiation.verdict(error));
  }

  closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#clearTimer();
    this.#end(undefined);
    if (!this.#isNegotiating) this.#parts.port.closedConnection();
  }

  // What the session tells, and asks for.

  step(step: Step): void {
    if (!this.#over) this.#parts.port.phase({ name: "negotiating", step });
  }

  report<E extends keyof NegotiationEvents>(event: E, payload: NegotiationEvents[E]): void {
    this.#parts.port.emit(event, payload as BrokerEvents[E]);
  }

  opened(header: StreamHeader): void {
    this.#streamId = header.id;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    if (this.#cause !== undefined) this.#abort.abort(this.#cause);
    return this.#abort.signal;
  }

  async #connect(over: Promise<never>): Promise<Transport> {
    const { connect, runtime, settings, destination, port } = this.#parts;
    const { host } = destination;
    port.phase({ name: "connecting", host, port: destination.port, attempt: 1 });
    port.emit("connecting", { host, port: destination.port, attempt: 1 });
    this.#mustGoOn();
    const wait = settings.timeouts.connect;
    this.#stopTimer = after(wait, () => {
      this.#callOff(
        new BrokerError("TIMEOUT_CONNECT", `${wait} ms have passed`, { retryable: true }),
      );
    });
    const target = { host, port: destination.port, tls: this.#tlsSettings() };
    const connecting = connect(target, this.signal);
    // A factory of the caller's may not heed the signal: what it brings too late is dropped.
    connecting.then(
      (late) => {
        if (this.#over) late.destroy();
      },
      () => undefined,
    );
    const transport = await Promise.race([connecting, over]);
    this.#clearTimer();
    // The runtime's own way does not look at the signal once it has connected; a caller's may.
    if (connect === runtime.connect) this.#abort = undefined;
    this.#mustGoOn();
    return transport;
  }

  #open(transport: Transport): Stream {
    const { settings, context, port } = this.#parts;
    const { dialect, overrides } = settings;
    const options = {
      domain: dialect.domain,
      context,
      version: overrides.version ?? dialect.version,
      limits: incomingLimits(settings.limits, LIMITS_BEFORE_AUTHENTICATION),
    };
    const stream = new Stream(transport, options, this);
    this.#stream = stream;
    port.emit("connected", { local: transport.local, remote: transport.remote });
    return stream;
  }

  #begin(stream: Stream): Negotiation {
    const { settings, runtime, destination } = this.#parts;
    this.#negotiation = new Negotiation({
      stream,
      crypto: runtime.crypto,
      timeouts: settings.timeouts,
      settings: { tls: destination.policy, host: destination.host, port: destination.port },
      port: this,
    });
    return this.#negotiation;
  }

  async #login(negotiation: Negotiation): Promise<string> {
    if (this.#parts.destination.policy === "direct") await negotiation.secureDirectly();
    const bound = await this.#parts.settings.dialect.negotiate(negotiation);
    // Answers are judged by it: a dialect of the caller's must not bring what is no address.
    jid(bound.jid);
    this.#mustGoOn();
    return bound.jid;
  }

  /** Throws once the run is over: whoever was told of the last step may have ended it. */
  #mustGoOn(): void {
    if (this.#over) throw this.#reason(undefined);
  }

  /** Why the run is over. */
  #reason(thrown: unknown): BrokerError {
    const reason = this.#cause ?? thrown;
    // What the dialect makes of the server's end is more than that end, unless it is only that again.
    const isVerdict = thrown instanceof BrokerError && !(thrown instanceof StreamError);
    if (isVerdict && isServersEnd(reason)) return thrown;
    return this.#stream === undefined
      ? asBrokerError(reason, "CONNECT_FAILED", { retryable: true })
      : asBrokerError(reason, "HANDLER_FAILED");
  }

  /** The failure event of the layer that failed. */
  #reportFailure(error: BrokerError): void {
    const { port } = this.#parts;
    const step = this.#negotiation?.step;
    if (this.#stream === undefined) port.emit("connect:failure", { error });
    else if (step !== undefined && step !== "stream") port.emit(`${step}:failure`, { error });
  }

  #end(error: BrokerError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#negotiation?.end();
    this.#callOff(error ?? new BrokerError("ABORTED", "the broker was shut down"));
    this.#parts.port.ended(error);
  }

  /** Whatever is being waited for is not waited for any more. The first cause stays. */
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

  #tlsSettings(): TlsSettings {
    const { settings, destination, key } = this.#parts;
    const { ca, cert, pins, minVersion, servername } = settings.tls;
    const { dialect } = settings;
    const fallback = dialect.certificate === "host" ? destination.host : dialect.domain;
    return { servername: servername ?? fallback, ca, cert, key, pins, minVersion };
  }
}

/** The limits on what arrives, each no larger than before authentication if it is still that early. */
function incomingLimits(given: XmlLimits, most?: XmlLimits): XmlLimits {
  if (given === DEFAULTS.limits) return most ?? LIMITS;
  const names = Object.keys(LIMITS) as (keyof XmlLimits)[];
  const limits = names.map((name) => [name, Math.min(given[name], most?.[name] ?? given[name])]);
  return Object.fromEntries(limits) as XmlLimits;
}

/** Whether it was the server that ended the run, in whatever way. */
function isServersEnd(reason: unknown): boolean {
  return (
    reason instanceof BrokerError &&
    (reason.code === "DISCONNECTED" || reason.code === "STREAM_ERROR")
  );
}
