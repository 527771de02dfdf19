import { nothing, onAbort } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { type Deferred, deferred } from "../base/deferred.ts";
import { asBrokerError, BrokerError, detailOf } from "../base/errors.ts";
import { readHost } from "../base/text/host-name.ts";
import type { ConnectEvents } from "../transport/connect-events.ts";
import type { Target, Transport, TransportFactory } from "../transport/transport.ts";
import type { Dns, Family } from "./dns.ts";

/** The wait for the IPv6 addresses once those of IPv4 are known, in milliseconds (RFC 8305, 3). */
const RESOLUTION_DELAY = 50;

/** The wait before the next address is tried too, in milliseconds (RFC 8305, 5). */
const ATTEMPT_DELAY = 250;

/** The most addresses of one family that are tried. */
const MOST_ADDRESSES = 10;

/** The parts of a race. */
export interface RaceParts {
  /** Connects to one address. */
  readonly connect: TransportFactory;
  readonly dns: Pick<Dns, "addresses">;
  readonly clock: Clock;
}

/**
 * Makes a transport that races the addresses of a host (RFC 8305): IPv6 and IPv4 in turn, each 250 ms after the one
 * before, or at once when one fails. The first connection that opens is used; the others are dropped. A host that is
 * an address is connected to without a race. It takes ten addresses of each family at most.
 *
 * Rejects with `CONNECT_FAILED` (retryable) where no address can be connected to, with any other error of `connect`,
 * and with the reason of the signal.
 */
export function racing(parts: RaceParts): TransportFactory {
  return async (target, signal) => {
    signal.throwIfAborted();
    if (readHost(target.host)?.kind === "address") return await parts.connect(target, signal);
    return await new Race(parts, target, signal).run();
  };
}

/**
 * One race among the addresses of one host.
 *
 *     AAAA ─┐                 (IPv4 first: 50 ms for IPv6 to come)
 *     A ────┴─ v6 ── 250 ms ── v4 ── 250 ms ── v6 …   the first that opens wins
 *                    ^ or as soon as one fails
 */
class Race {
  readonly #parts: RaceParts;
  readonly #target: Target;
  readonly #signal: AbortSignal;
  readonly #begun: number;
  /** Aborted at the end: DNS and the losers stop. */
  readonly #end = new AbortController();
  readonly #result: Deferred<Transport> = deferred();
  readonly #untried: Record<Family, string[]> = { 4: [], 6: [] };
  readonly #failures: unknown[] = [];
  /** How many families DNS is still asked for. */
  #asking = 2;
  /** How many addresses are being connected to. */
  #trying = 0;
  /** The family whose turn it is. */
  #turn: Family = 6;
  /** True if the next address may be tried now. */
  #isDue = false;
  #stopTimer = nothing;

  constructor(parts: RaceParts, target: Target, signal: AbortSignal) {
    this.#parts = parts;
    this.#target = target;
    this.#signal = signal;
    this.#begun = parts.clock.now();
  }

  async run(): Promise<Transport> {
    const stop = onAbort(this.#signal, () => {
      this.#lost(this.#signal.reason);
    });
    void this.#ask(6);
    void this.#ask(4);
    try {
      return await this.#result.promise;
    } finally {
      stop();
      this.#stopTimer();
    }
  }

  async #ask(family: Family): Promise<void> {
    let found: string[] = [];
    try {
      const { dns } = this.#parts;
      const given = await dns.addresses(this.#target.host, family, this.#end.signal);
      const usable = given.filter((address) => isOf(family, address));
      found = [...new Set(usable)].slice(0, MOST_ADDRESSES);
    } catch (thrown) {
      this.#failures.push(thrown);
    }
    if (this.#isOver) return;
    this.#asking--;
    this.#untried[family] = found;
    this.#tell("addresses", { family, addresses: [...found], milliseconds: this.#elapsed() });
    const isFirst = this.#asking === 1;
    if (isFirst && family === 4 && found.length > 0) this.#waitFor(RESOLUTION_DELAY);
    // Nothing has been tried yet, or nothing was left to try.
    else if (isFirst || this.#trying === 0) this.#isDue = true;
    this.#goOn();
  }

  /** Tries the next address if it is time for it. Ends the race where none is left. */
  #goOn(): void {
    if (this.#isOver || !this.#isDue) return;
    const address = this.#take();
    if (address !== undefined) void this.#try(address);
    else if (this.#trying === 0 && this.#asking === 0) this.#lost(this.#failed());
  }

  /** The next address: the families take turns. */
  #take(): string | undefined {
    const other = this.#turn === 6 ? 4 : 6;
    const family = this.#untried[this.#turn].length > 0 ? this.#turn : other;
    this.#turn = family === 6 ? 4 : 6;
    return this.#untried[family].shift();
  }

  async #try(host: string): Promise<void> {
    const target = { ...this.#target, host };
    const { port } = target;
    this.#trying++;
    this.#waitFor(ATTEMPT_DELAY);
    this.#tell("address:start", { host, port, milliseconds: this.#elapsed() });
    try {
      const transport = await this.#parts.connect(target, this.#end.signal);
      if (this.#isOver) transport.destroy();
      else this.#won(transport);
    } catch (thrown) {
      if (!this.#isOver) this.#giveUp(target, thrown);
    }
  }

  #won(transport: Transport): void {
    this.#result.resolve(transport);
    this.#end.abort();
  }

  #lost(reason: unknown): void {
    this.#result.reject(reason);
    this.#end.abort();
  }

  #giveUp({ host, port }: Target, thrown: unknown): void {
    const error = asBrokerError(thrown, "CONNECT_FAILED", { retryable: true });
    this.#tell("address:failure", { host, port, error, milliseconds: this.#elapsed() });
    // An option that cannot be used is no better at the next address.
    if (error.code !== "CONNECT_FAILED") this.#lost(error);
    this.#failures.push(error);
    this.#trying--;
    this.#stopTimer();
    this.#isDue = true;
    this.#goOn();
  }

  #waitFor(milliseconds: number): void {
    this.#isDue = false;
    this.#stopTimer();
    this.#stopTimer = this.#parts.clock.after(milliseconds, () => {
      this.#isDue = true;
      this.#goOn();
    });
  }

  get #isOver(): boolean {
    return this.#end.signal.aborted;
  }

  #elapsed(): number {
    return this.#parts.clock.now() - this.#begun;
  }

  #tell<E extends keyof ConnectEvents>(event: E, payload: ConnectEvents[E]): void {
    this.#target.report?.(event, payload);
  }

  #failed(): BrokerError {
    const { host, port } = this.#target;
    // An error of Node's says more in fewer words than ours around it.
    const causes = this.#failures.map((thrown) => {
      return thrown instanceof BrokerError && thrown.cause !== undefined ? thrown.cause : thrown;
    });
    const detail = causes.map(detailOf).join("; ") || "the host has no address";
    const facts = { cause: causes[0], retryable: true };
    return new BrokerError("CONNECT_FAILED", `${host}:${port}: ${detail}`, facts);
  }
}

/** True if a text is an address of a family. DNS is not trusted with that. */
function isOf(family: Family, address: string): boolean {
  return readHost(address)?.kind === "address" && address.includes(":") === (family === 6);
}
