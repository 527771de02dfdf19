import { nothing } from "../base/abort.ts";
import type { Crypto } from "../base/crypto.ts";
import { BrokerError, type ErrorCode } from "../base/errors.ts";
import { after } from "../base/timer.ts";
import type { Timeouts } from "../contract/options.ts";
import type { Step } from "../contract/phase.ts";
import type { Login, LoginSettings, NegotiationEvents } from "../negotiate/login.ts";
import { AuthError } from "../sasl/auth-error.ts";
import type { StreamHeader } from "../stream/header.ts";
import type { Stream } from "../stream/stream.ts";
import { StreamError } from "../stream/stream-error.ts";
import type { TlsFacts } from "../transport/tls-facts.ts";
import type { Element } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";

/** How many elements that are no part of a login may be kept for later. */
const DEFERRED_LIMIT = 1000;

/** What a password goes over the wire by, as `auth:start` names it. */
const REVEALING: ReadonlySet<string> = new Set(["PLAIN", NS.iqAuth]);

/** What ends each step that takes too long. */
const TIMEOUT_OF: Readonly<
  Record<Step, { readonly code: ErrorCode; readonly wait: keyof Timeouts }>
> = {
  stream: { code: "TIMEOUT_STREAM", wait: "stream" },
  tls: { code: "TIMEOUT_TLS", wait: "tls" },
  auth: { code: "TIMEOUT_AUTH", wait: "auth" },
  bind: { code: "TIMEOUT_BIND", wait: "bind" },
  session: { code: "TIMEOUT_BIND", wait: "bind" },
};

/** What the session tells its connection. */
export interface NegotiationPort {
  step(step: Step): void;
  report<E extends keyof NegotiationEvents>(event: E, payload: NegotiationEvents[E]): void;
  opened(header: StreamHeader): void;
  /** Aborted when the attempt is over. */
  readonly signal: AbortSignal;
}

/** What a session is made of. */
export interface NegotiationParts {
  readonly stream: Stream;
  readonly settings: LoginSettings;
  readonly crypto: Crypto;
  readonly timeouts: Timeouts;
  readonly port: NegotiationPort;
}

/** The stream as a dialect sees it, with a deadline on the step in force. */
export class Negotiation implements Login {
  readonly settings: LoginSettings;
  readonly crypto: Crypto;
  /** What came meanwhile and is no part of the login. */
  readonly deferred: Element[] = [];
  readonly #stream: Stream;
  readonly #timeouts: Timeouts;
  readonly #port: NegotiationPort;
  #step: Step = "stream";
  #mechanism = "";
  #over = false;
  #stopDeadline = nothing;

  constructor(parts: NegotiationParts) {
    this.settings = parts.settings;
    this.crypto = parts.crypto;
    this.#stream = parts.stream;
    this.#timeouts = parts.timeouts;
    this.#port = parts.port;
  }

  /** Made only for a dialect that asks for it. */
  get signal(): AbortSignal {
    return this.#port.signal;
  }

  /** The step in force: the one that failed, when `negotiate` rejects. */
  get step(): Step {
    return this.#step;
  }

  /**
   * What the end of the stream means at this step: `not-authorized` while authenticating is a refusal of
   * the credentials, however the server says it (components, XEP-0114, are told by a stream error). Who
   * was shown the password may repeat it, so then its words are left out. `conflict` at a login is likely a
   * connection of ours that died and that the server has not given up yet: that passes.
   */
  verdict(error: BrokerError | undefined): BrokerError | undefined {
    if (!(error instanceof StreamError)) return error;
    const { condition, text, otherHost } = error;
    if (condition === "conflict") return new StreamError(condition, text, otherHost, true);
    if (condition !== "not-authorized" || this.#step !== "auth") return error;
    const cause = REVEALING.has(this.#mechanism) ? new StreamError(condition) : error;
    return new AuthError(this.#mechanism, { condition, cause });
  }

  get tls(): TlsFacts | undefined {
    return this.#stream.transport.tls;
  }

  async open(attributes?: Readonly<Record<string, string | undefined>>): Promise<StreamHeader> {
    this.#enter("stream");
    const header = await this.#stream.open(attributes);
    this.#port.opened(header);
    return header;
  }

  async features(): Promise<Element> {
    const element = await this.next();
    // In the stream's namespace by its prefix; an override may have renamed that.
    if (element.name === "features" && element.ns !== NS.client) return element;
    throw new BrokerError("PROTOCOL_ERROR", `<stream:features/> expected, <${element.name}> came`);
  }

  next(): Promise<Element> {
    return this.#stream.next();
  }

  defer(element: Element): void {
    if (this.deferred.length >= DEFERRED_LIMIT) {
      throw new BrokerError(
        "POLICY_VIOLATION",
        `more than ${DEFERRED_LIMIT} stanzas before the login was over`,
      );
    }
    this.deferred.push(element);
  }

  send(element: Element): void {
    this.#stream.send(element);
  }

  secure(): Promise<TlsFacts> {
    return this.#stream.secure({ direct: false });
  }

  /**
   * TLS from the first byte.
   *
   *     C: (connects)
   *        ^ here
   *     C: ClientHello … S: ServerHello …
   *     C: <stream:stream …>
   */
  async secureDirectly(): Promise<void> {
    this.report("tls:start", {});
    this.report("tls:success", await this.#stream.secure({ direct: true }));
  }

  report<E extends keyof NegotiationEvents>(event: E, payload: NegotiationEvents[E]): void {
    const [step, verb] = event.split(":") as [
      Exclude<Step, "stream">,
      "start" | "success" | "failure",
    ];
    // A dialect that has not heard yet that all is over has nothing to report any more.
    if (this.#over) return;
    if (verb === "start") this.#enter(step);
    if ("mechanism" in payload) this.#mechanism = payload.mechanism;
    this.#port.report(event, payload);
    if (verb === "success") this.#enter("stream");
  }

  /** The negotiation is over: no deadline runs any more. */
  end(): void {
    this.#over = true;
    this.#stopDeadline();
  }

  #enter(step: Step): void {
    if (this.#over) return;
    this.#stopDeadline();
    this.#step = step;
    const { code, wait } = TIMEOUT_OF[step];
    this.#stopDeadline = after(this.#timeouts[wait], () => {
      this.#stream.fail(
        new BrokerError(code, `${this.#timeouts[wait]} ms have passed`, { retryable: true }),
      );
    });
    this.#port.step(step);
  }
}
