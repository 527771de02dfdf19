import { deferred } from "../../base/deferred.ts";
import { asBrokerError, BrokerError } from "../../base/errors.ts";
import { type MemoryTransport, memoryPair } from "../../transport/memory.ts";
import type { Transport, TransportFactory } from "../../transport/transport.ts";
import { type Cut, Pieces } from "./pieces.ts";
import { ScriptRun } from "./script-run.ts";
import {
  type PeerSettings,
  type ScriptedPeerOptions,
  settlePeer,
} from "./scripted-peer-options.ts";

/** The members of a transport that a scripted peer uses. */
export type PeerLine = Pick<Transport, "start" | "write" | "pause" | "resume" | "end" | "destroy">;

/** The facts that the pretence of TLS settles on. */
const PRETENCE = { protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", alpn: undefined };

/** The connection, and the writer of its pieces if the peer cuts them itself. */
interface Connected {
  readonly line: PeerLine;
  readonly pieces: Pieces | undefined;
}

/**
 * A peer that follows a script, also one that no server may follow. It waits for each line of the
 * other side before it goes on; after the last line it is mute, and the connection stays.
 *
 *     S: <proceed xmlns='…'/>      is sent as it stands
 *     C: <iq type='set' id='{id}'>…</iq>
 *                                  must come now: `…` is any text, `{id}` any value, which later
 *                                  lines repeat as `{id}`
 *     S: (bytes 3c eb 3e)          sends bytes, here some that are no UTF-8
 *     S: (end)                     ends its half of the connection; `C: (end)` waits for the other
 *     S: (cut)                     drops the connection
 *     # a remark
 *
 * A line that begins with none of these continues the line above. One peer is one connection.
 *
 * @example
 * const peer = new ScriptedPeer("C: <stream:stream …>\nS: <stream:stream>");
 * const broker = new Broker({ dialect, transport: peer.transport });
 * await broker.connect().catch((error) => error.code);   // "PROTOCOL_ERROR"
 */
export class ScriptedPeer {
  /** For the broker's option `transport`: a connection in memory. A second one is refused with `CONNECT_FAILED`. */
  readonly transport: TransportFactory;
  /**
   * Resolves when every line of the script given to the constructor has been followed. Rejects with
   * `SCRIPT_FAILED` when the other side says something else, ends too early, or takes too long.
   */
  readonly done: Promise<void>;
  /** Resolves when both directions of the connection have ended. */
  readonly over: Promise<void>;
  readonly #settings: PeerSettings;
  readonly #run: ScriptRun;
  readonly #closed = deferred<undefined>();
  readonly #decoder = new TextDecoder();
  #connection: Connected | undefined;
  #memory: MemoryTransport | undefined;
  #attempts = 0;
  #said = 0;
  #isOver = false;
  /** Settles with the next progress of the connection in memory. */
  #change = deferred<undefined>();

  /** Ends in `BAD_OPTION`, which names the line, when the script cannot be used. */
  constructor(script = "", options: ScriptedPeerOptions = {}) {
    this.#settings = settlePeer(options);
    this.#run = new ScriptRun(this.#settings, this);
    this.over = this.#closed.promise.then(() => undefined);
    this.transport = () => {
      this.#attempts++;
      if (this.#attempts > 1 || this.#connection !== undefined) {
        return Promise.reject(
          new BrokerError("CONNECT_FAILED", "a scripted peer has one connection"),
        );
      }
      const { cut, tls } = this.#settings;
      const [near, far] = memoryPair({
        ...(cut === undefined ? {} : { cut }),
        ...(tls ? { tls: PRETENCE } : {}),
      });
      this.#memory = far;
      this.#begin(far, undefined);
      return Promise.resolve(near);
    };
    this.done = withoutText(this.#run.play(script));
  }

  /** How many connections were asked of `transport`. */
  get attempts(): number {
    return this.#attempts;
  }

  /** All that the other side has sent. */
  get heard(): string {
    return this.#run.heard;
  }

  /** The part of it that no line and no `hears` has taken. */
  get unread(): string {
    return this.#run.unread;
  }

  /** The values that `{names}` have noted. */
  get notes(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#run.notes);
  }

  /** How many bytes the peer has sent. */
  get said(): number {
    return this.#said;
  }

  /** True once both directions of the connection have ended. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /**
   * Plays on a connection of one's own, of any kind, in place of `transport`. It must not have been
   * started. A second one ends in `CONNECT_FAILED`. With `cut` each piece is written in a turn of the event loop of its own.
   */
  accept(line: PeerLine): void {
    if (this.#connection !== undefined) {
      throw new BrokerError("CONNECT_FAILED", "a scripted peer has one connection");
    }
    this.#begin(line, this.#settings.cut);
  }

  /**
   * Follows more lines, after the present ones. Resolves and rejects as `done`
   * does, and with `BAD_OPTION` when a line is none of a script.
   */
  play(script: string): Promise<void> {
    try {
      return withoutText(this.#run.play(script));
    } catch (error) {
      return Promise.reject(asBrokerError(error, "BAD_OPTION"));
    }
  }

  /** Sends text or bytes now; the script need not be there yet. Ends in `DISCONNECTED` before there is a connection. */
  say(data: string | Uint8Array): void {
    const { line, pieces } = this.#here();
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    this.#said += bytes.length;
    if (pieces === undefined) line.write(bytes);
    else pieces.add(bytes);
  }

  /**
   * Waits, after the lines of the script, until the text (or a match) stands somewhere in `unread`.
   * Takes and returns everything up to its end. Rejects with `SCRIPT_FAILED` as `done` does.
   */
  hears(what: string | RegExp): Promise<string> {
    return quiet(this.#run.hears(what));
  }

  /** Waits until everything said has arrived at the other end of the connection in memory, or that has ended. */
  async delivered(): Promise<void> {
    const memory = this.#memory;
    while (memory !== undefined && memory.handed > memory.taken && !this.#isOver) {
      await this.#change.promise;
    }
  }

  /** Stops reading, until `resume`. */
  pause(): void {
    this.#here().line.pause();
  }

  /** Reads again. */
  resume(): void {
    this.#here().line.resume();
  }

  /** Ends this half of the connection, behind everything said. */
  end(): void {
    const { line, pieces } = this.#here();
    if (pieces === undefined) line.end();
    else pieces.add("end");
  }

  /** Drops the connection at once. */
  cut(): void {
    this.#here().line.destroy();
  }

  /**
   * The other ways to cut the bytes of this peer: byte by byte, and in two at each place. Run a script
   * once as a whole, then once for each of these: the outcome should be the same.
   */
  *cuts(): Generator<Cut, void, undefined> {
    if (this.#said < 2) return;
    yield 1;
    for (let offset = 1; offset < this.#said; offset++) yield [offset];
  }

  #begin(line: PeerLine, cut: Cut | undefined): void {
    this.#connection = { line, pieces: cut === undefined ? undefined : new Pieces(line, cut) };
    const events = {
      data: (bytes: Uint8Array) => {
        this.#run.hear(this.#decoder.decode(bytes, { stream: true }));
      },
      end: () => {
        this.#run.end();
      },
      close: () => {
        this.#isOver = true;
        this.#closed.resolve(undefined);
        this.#changed();
        this.#run.end();
      },
      leaving: () => undefined,
      taken: () => {
        this.#changed();
      },
    };
    line.start(events);
    this.#run.begin();
  }

  #changed(): void {
    this.#change.resolve(undefined);
    this.#change = deferred();
  }

  #here(): Connected {
    if (this.#connection === undefined) {
      throw new BrokerError("DISCONNECTED", "nobody has connected to the scripted peer");
    }
    return this.#connection;
  }
}

const withoutText = (promise: Promise<string>): Promise<void> =>
  quiet(promise.then(() => undefined));

/** A test that does not wait for a promise must not fail for its rejection. */
function quiet<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}
