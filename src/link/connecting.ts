import { nothing } from "../base/abort.ts";
import { type Deferred, deferred } from "../base/deferred.ts";
import type { BrokerError } from "../base/errors.ts";
import type { BrokerEvents } from "../contract/events.ts";
import type { Stream } from "../stream/stream.ts";
import { findDestinations, serverName } from "./address.ts";
import type { BeginningLink, LinkParts, LinkState } from "./link-parts.ts";
import { openChannel } from "./open-channel.ts";
import { timedOut } from "./reason.ts";

/** The way of a link to its stream: look the server up, wait for a turn to log in, connect. */
export class Connecting {
  readonly #parts: LinkParts;
  readonly #link: BeginningLink;
  /** The number of the try. */
  readonly #attempt: number;
  readonly #over: Deferred<never> = deferred();
  #stopTimer = nothing;
  #stopTelling = nothing;
  /** Gives back the place among the logins to this server. */
  #leave = nothing;

  constructor(parts: LinkParts, link: BeginningLink, attempt: number) {
    this.#parts = parts;
    this.#link = link;
    this.#attempt = attempt;
  }

  /** Finds the endpoints of the domain, where there is a lookup. Ends in `LOOKUP_FAILED`. */
  async lookUp(): Promise<void> {
    const { settings, runtime } = this.#parts;
    const { lookup } = settings;
    if (lookup === undefined) return;
    const { clock, crypto } = runtime;
    const { domain } = settings.dialect;
    const link = this.#link;
    link.enter({ name: "connecting", attempt: this.#attempt });
    link.mustGoOn();
    const begun = clock.now();
    const report = this.#reportWhile("looking-up");
    const finding = findDestinations(lookup, settings, crypto, link, report);
    const endpoints = await this.#inTime(finding, settings.timeouts.lookup, "LOOKUP_FAILED");
    link.emit("lookup", { domain, endpoints, milliseconds: clock.now() - begun });
    link.take(endpoints);
    link.mustGoOn();
  }

  /** Connects to the destination of the link, as soon as a login to this server may begin. */
  async connect(): Promise<Stream> {
    const { runtime, settings, shared } = this.#parts;
    const { clock } = runtime;
    const link = this.#link;
    const { destination } = link;
    const { host, port } = destination;
    const place = { host, port, attempt: this.#attempt };
    link.to("connecting");
    link.enter({ name: "connecting", ...place });
    link.mustGoOn();
    if (shared !== undefined) {
      const turn = deferred<undefined>();
      this.#leave = shared.logins.enter(serverName(destination), () => {
        turn.resolve(undefined);
      });
      await this.unlessOver(turn.promise);
      link.mustGoOn();
    }
    link.emit("connecting", place);
    link.mustGoOn();
    const begun = clock.now();
    const report = this.#reportWhile("connecting");
    const connecting = openChannel(this.#parts, destination, link.signal, report);
    // A factory of the caller's may not heed the signal: a connection that comes too late is dropped.
    connecting.then((late) => {
      if (link.state === "over") late.destroy();
    }, nothing);
    const channel = await this.#inTime(connecting, settings.timeouts.connect, "TIMEOUT_CONNECT");
    const stream = link.start(channel);
    const { local, remote } = channel.transport ?? { local: undefined, remote: undefined };
    link.emit("connected", { local, remote, milliseconds: clock.now() - begun });
    link.mustGoOn();
    return stream;
  }

  /** Settles as the promise does, and rejects once the link is over. */
  unlessOver<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#over.promise]);
  }

  /**
   * Nothing is to be waited for any more. A server that refuses closes the stream in the same breath. The dialect that
   * is just being told of the refusal knows the better reason, and has this turn to say so.
   */
  callOff(cause: BrokerError): void {
    this.#stopTelling = this.#parts.runtime.clock.after(0, () => {
      this.#over.reject(cause);
    });
  }

  /** The login is over, well or not: its place is free. */
  end(): void {
    this.#leave();
    this.#stopTelling();
    this.#stopTimer();
  }

  /** Emits what a lookup or a transport reports, as long as the link is in this state: some report later. */
  #reportWhile(state: LinkState) {
    return (event: keyof BrokerEvents, payload: BrokerEvents[typeof event]): void => {
      if (this.#link.state === state) this.#link.emit(event, payload);
    };
  }

  /** Gives up a step after a number of milliseconds. */
  async #inTime<T>(
    step: Promise<T>,
    wait: number,
    code: "LOOKUP_FAILED" | "TIMEOUT_CONNECT",
  ): Promise<T> {
    this.#stopTimer = this.#parts.runtime.clock.after(wait, () => {
      this.#link.callOff(timedOut(code, wait));
    });
    const result = await this.unlessOver(step);
    this.#stopTimer();
    return result;
  }
}
