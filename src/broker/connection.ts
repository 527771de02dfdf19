import { onAbort } from "../base/abort.ts";
import type { Crypto } from "../base/crypto.ts";
import { deferred } from "../base/deferred.ts";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { after } from "../base/timer.ts";
import { jid } from "../jid/jid.ts";
import { Stream } from "../stream/stream.ts";
import type { TlsSettings, Transport, TransportFactory } from "../transport/transport.ts";
import type { Element } from "../xml/element.ts";
import { LIMITS, LIMITS_BEFORE_AUTHENTICATION, type XmlLimits } from "../xml/limits.ts";
import { NS } from "../xml/namespaces.ts";
import type { Destination } from "./address.ts";
import type { BrokerEvents } from "./events.ts";
import { DEFAULTS, type Settings } from "./options.ts";
import type { Phase, Step } from "./phase.ts";
import { NegotiatingSession } from "./session.ts";

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
  closed(): void;
  /** For the trace: what goes over the wire; `wire`: how it looks there. */
  tap(direction: "in" | "out", what: Element | string, wire?: string): void;
}

/** What a connection is made of. */
export interface ConnectionParts {
  readonly settings: Settings;
  readonly key: string | undefined;
  readonly destination: Destination;
  readonly connect: TransportFactory;
  readonly crypto: Crypto;
  readonly port: ConnectionPort;
}

/**
 * One run: a connection from its first packet to its last, used once.
 *
 *     connecting ── negotiating ── ready ── closing ── over
 */
export class Connection {
  readonly destination: Destination;
  readonly #parts: ConnectionParts;
  readonly #abort = new AbortController();
  #stream: Stream | undefined;
  #session: NegotiatingSession | undefined;
  #streamId: string | undefined;
  #over = false;
  #gone = false;
  #isNegotiating = false;
  #stopTimer: () => void = () => undefined;

  constructor(parts: ConnectionParts) {
    this.#parts = parts;
    this.destination = parts.destination;
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
    let stopTelling: () => void = () => undefined;
    // Whatever is being waited for, it is waited for no longer than the run lasts.
    const ignoreAbort = onAbort(this.#abort.signal, () => {
      // A server that refuses closes the stream in the same breath: the dialect, which is just being told
      // of the refusal, knows better what it was, and has this turn to say so.
      stopTelling = after(0, () => {
        over.reject(this.#reason(undefined));
      });
    });
    try {
      const transport = await this.#connect(over.promise);
      const stream = this.#open(transport);
      this.#mustGoOn();
      const session = this.#begin(stream);
      return await Promise.race([this.#login(session), over.promise]);
    } catch (thrown) {
      const error = this.#reason(thrown);
      this.#reportFailure(error);
      this.fail(error);
      throw error;
    } finally {
      ignoreAbort();
      stopTelling();
      this.#stopTimer();
      this.#session?.end();
      this.#isNegotiating = false;
      // What failed was told first.
      if (this.#gone) this.#parts.port.closed();
    }
  }

  /** Begins to deliver stanzas; called once the broker calls itself ready. */
  flow(): void {
    const deferred = this.#session?.deferred ?? [];
    // What was needed to log in is needed no longer.
    this.#session = undefined;
    this.#stream?.setLimits(incomingLimits(this.#parts.settings.limits));
    this.#stream?.flow((element) => {
      this.#parts.port.received(element);
    }, deferred);
  }

  /** Writes what a stanza looks like on the wire. */
  write(text: string, stanza: Element): void {
    if (this.#stream?.write(text)) this.#parts.port.tap("out", stanza, text);
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

  /** Ends the run, saying goodbye as far as there is somebody to say it to; with an error: because of that. */
  fail(error: BrokerError | undefined): void {
    this.#end(error);
    if (this.#stream === undefined) this.#closed();
    else this.#stream.fail(error);
  }

  /** Drops everything at once, without a word to the peer. */
  destroy(error?: BrokerError): void {
    this.#end(error);
    if (this.#stream === undefined) this.#closed();
    else this.#stream.destroy(error);
  }

  async #connect(over: Promise<never>): Promise<Transport> {
    const { connect, settings, destination, port } = this.#parts;
    const { host } = destination;
    port.phase({ name: "connecting", host, port: destination.port, attempt: 1 });
    port.emit("connecting", { host, port: destination.port, attempt: 1 });
    this.#mustGoOn();
    const wait = settings.timeouts.connect;
    this.#stopTimer = after(wait, () => {
      this.#abort.abort(
        new BrokerError("TIMEOUT_CONNECT", `${wait} ms have passed`, { retryable: true }),
      );
    });
    const target = { host, port: destination.port, tls: this.#tlsSettings() };
    const connecting = connect(target, this.#abort.signal);
    // A factory of the caller's may not heed the signal: what it brings too late is dropped.
    connecting.then(
      (late) => {
        if (this.#over) late.destroy();
      },
      () => undefined,
    );
    const transport = await Promise.race([connecting, over]);
    this.#stopTimer();
    this.#mustGoOn();
    return transport;
  }

  #open(transport: Transport): Stream {
    const { settings, port } = this.#parts;
    const { dialect, overrides } = settings;
    this.#stream = new Stream(
      transport,
      {
        domain: dialect.domain,
        contentNamespace: overrides.xmlns ?? dialect.contentNamespace,
        streamNamespace: overrides.stream ?? NS.stream,
        version: overrides.version ?? dialect.version,
        limits: incomingLimits(settings.limits, LIMITS_BEFORE_AUTHENTICATION),
      },
      {
        started: (header) => {
          port.emit("stream:start", { header });
        },
        finished: () => {
          port.emit("stream:end", {});
        },
        alive: () => {
          port.alive();
        },
        tap: (direction, what) => {
          port.tap(direction, what);
        },
        ended: (error) => {
          this.#end(this.#session === undefined ? error : this.#session.verdict(error));
        },
        closed: () => {
          this.#closed();
        },
      },
    );
    port.emit("connected", { local: transport.local, remote: transport.remote });
    return this.#stream;
  }

  #begin(stream: Stream): NegotiatingSession {
    const { settings, crypto, port, destination } = this.#parts;
    this.#session = new NegotiatingSession({
      stream,
      crypto,
      signal: this.#abort.signal,
      timeouts: settings.timeouts,
      settings: { tls: destination.policy, host: destination.host, port: destination.port },
      port: {
        step: (step: Step) => {
          if (!this.#over) port.phase({ name: "negotiating", step });
        },
        report: (event, payload) => {
          port.emit(event, payload as BrokerEvents[typeof event]);
        },
        opened: (header) => {
          this.#streamId = header.id;
        },
      },
    });
    return this.#session;
  }

  async #login(session: NegotiatingSession): Promise<string> {
    if (this.#parts.destination.policy === "direct") await session.secureDirectly();
    const bound = await this.#parts.settings.dialect.negotiate(session);
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
    const { signal } = this.#abort;
    const reason: unknown = signal.aborted ? signal.reason : thrown;
    if (thrown instanceof BrokerError && isServersEnd(reason)) return thrown;
    return this.#stream === undefined
      ? asBrokerError(reason, "CONNECT_FAILED", { retryable: true })
      : asBrokerError(reason, "HANDLER_FAILED");
  }

  /** The failure event of the layer that failed. */
  #reportFailure(error: BrokerError): void {
    const { port } = this.#parts;
    const step = this.#session?.step;
    if (this.#stream === undefined) port.emit("connect:failure", { error });
    else if (step !== undefined && step !== "stream") port.emit(`${step}:failure`, { error });
  }

  #end(error: BrokerError | undefined): void {
    if (this.#over) return;
    this.#over = true;
    this.#session?.end();
    const reason = error ?? new BrokerError("ABORTED", "the broker was shut down");
    this.#abort.abort(this.#abort.signal.aborted ? this.#abort.signal.reason : reason);
    this.#parts.port.ended(error);
  }

  #closed(): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#stopTimer();
    this.#end(undefined);
    if (!this.#isNegotiating) this.#parts.port.closed();
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
