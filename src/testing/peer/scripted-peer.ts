import { type Deferred, deferred } from "../../base/deferred.ts";
import { BrokerError } from "../../base/errors.ts";
import { type MemoryTransport, memoryPair } from "../../transport/memory.ts";
import type { Transport, TransportFactory } from "../../transport/transport.ts";
import { type Cut, Pieces } from "./pieces.ts";
import { filled, type Notes, parseScript, type Side, type Step, take } from "./script.ts";
import { ScriptError } from "./script-error.ts";

/** The members of a transport that a scripted peer uses. */
export type PeerLine = Pick<Transport, "start" | "write" | "pause" | "resume" | "end" | "destroy">;

/** How a scripted peer behaves. Everything has a default. */
export interface ScriptedPeerOptions {
  /** Where the bytes are cut. Default: what is said in one turn of the event loop is one piece. */
  readonly cut?: Cut | undefined;
  /** Whether TLS may be put on the connection in memory. It is a pretence: no byte changes. Default `false`. */
  readonly tls?: boolean | undefined;
  /** The lines that the peer says itself: `S`, as a server (the default), or `C`, as a client. */
  readonly speaks?: Side | undefined;
  /** How much may be heard, in characters. Beyond it the peer drops the connection. Default 64 Mi. */
  readonly limit?: number | undefined;
  /** How long the peer waits for each line of the other side, in milliseconds. Default 30,000. */
  readonly timeout?: number | undefined;
}

/** The facts that the pretence of TLS settles on. */
const PRETENCE = { protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", alpn: undefined };

/** Taken at load, so that a test which replaces the timers later does not stop the peer's clock. */
const { setTimeout, clearTimeout } = globalThis;

/** The connection, and what writes to it when its bytes are cut here. */
interface Connected {
  readonly line: PeerLine;
  readonly pieces: Pieces | undefined;
}

/** A step that is waited for, or text that is. `over` settles with the last step of a script. */
interface Waiting {
  readonly step: Step | { readonly kind: "until"; readonly what: string | RegExp };
  readonly over?: Deferred<string>;
}

/**
 * A peer that says what its script says, also what no server may say. It waits for each line of the
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
  readonly #notes: Notes = new Map();
  readonly #noted = new Set<string>();
  readonly #options: ScriptedPeerOptions;
  readonly #queue: Waiting[] = [];
  readonly #closed = deferred<undefined>();
  readonly #decoder = new TextDecoder();
  #connection: Connected | undefined;
  #memory: MemoryTransport | undefined;
  #attempts = 0;
  #heard = "";
  #unread = "";
  #said = 0;
  /** How much of the connection is left: both halves, ours only, nothing. */
  #state: "open" | "ended" | "over" = "open";
  #timer: ReturnType<typeof setTimeout> | undefined;
  #wake: () => void = () => undefined;

  constructor(script = "", options: ScriptedPeerOptions = {}) {
    this.#options = options;
    this.over = this.#closed.promise.then(() => undefined);
    this.transport = () => {
      this.#attempts++;
      if (this.#attempts > 1 || this.#connection !== undefined) {
        return Promise.reject(
          new BrokerError("CONNECT_FAILED", "a scripted peer has one connection"),
        );
      }
      const { cut, tls = false } = options;
      const [near, far] = memoryPair({
        ...(cut === undefined ? {} : { cut }),
        ...(tls ? { tls: PRETENCE } : {}),
      });
      this.#memory = far;
      this.#begin(far, undefined);
      return Promise.resolve(near);
    };
    this.done = this.play(script);
    // A test that does not ask for the end of the script must not fail for it.
    this.done.catch(() => undefined);
  }

  /** How many connections were asked of `transport`. */
  get attempts(): number {
    return this.#attempts;
  }

  /** All that the other side has sent. */
  get heard(): string {
    return this.#heard;
  }

  /** The part of it that no line and no `hears` has taken. */
  get unread(): string {
    return this.#unread;
  }

  /** The values that `{names}` have noted. */
  get notes(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#notes);
  }

  /** How many bytes the peer has sent. */
  get said(): number {
    return this.#said;
  }

  /** Whether both directions of the connection have ended. */
  get isOver(): boolean {
    return this.#state === "over";
  }

  /**
   * Plays on a connection of one's own, of any kind, in place of `transport`. It must not have been
   * started. A second one ends in `CONNECT_FAILED`. With `cut` each piece is written in a turn of the event loop of its own.
   */
  accept(line: PeerLine): void {
    if (this.#connection !== undefined) {
      throw new BrokerError("CONNECT_FAILED", "a scripted peer has one connection");
    }
    this.#begin(line, this.#options.cut);
  }

  /**
   * Follows more lines, after those that are still to be followed. Resolves and rejects as `done`
   * does. Ends in `BAD_OPTION` when a line is none of a script.
   */
  play(script: string): Promise<void> {
    const steps = parseScript(script, this.#options.speaks ?? "S", this.#noted);
    const over = deferred<string>();
    for (const [index, step] of steps.entries()) {
      this.#queue.push(index < steps.length - 1 ? { step } : { step, over });
    }
    if (steps.length === 0) over.resolve("");
    else this.#follow();
    return over.promise.then(() => undefined);
  }

  /** Says something now, whatever the script waits for. Ends in `DISCONNECTED` before there is a connection. */
  say(data: string | Uint8Array): void {
    const { line, pieces } = this.#here();
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
    this.#said += bytes.length;
    if (pieces === undefined) line.write(bytes);
    else pieces.add(bytes);
  }

  /**
   * Waits, after the lines of the script, until the text (or a match) has come somewhere in what is
   * unread. Returns everything up to its end. Rejects with `SCRIPT_FAILED` as `done` does.
   */
  hears(what: string | RegExp): Promise<string> {
    const over = deferred<string>();
    this.#queue.push({ step: { kind: "until", what }, over });
    this.#follow();
    return over.promise;
  }

  /** Waits until everything said has arrived at the other end of the connection in memory, or that has ended. */
  async delivered(): Promise<void> {
    while (this.#memory !== undefined && this.#memory.handed > this.#memory.taken) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
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

  /** Sends what was said, then ends this half of the connection. */
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
   * The other ways to cut what this peer has said: byte by byte, and in two at each place. Run a
   * script once as a whole, then once for each of these; what comes of it should be the same.
   */
  *cuts(): Generator<Cut, void, undefined> {
    if (this.#said < 2) return;
    yield 1;
    for (let offset = 1; offset < this.#said; offset++) yield [offset];
  }

  #begin(line: PeerLine, cut: Cut | undefined): void {
    this.#connection = { line, pieces: cut === undefined ? undefined : new Pieces(line, cut) };
    // Progress beyond these is none of a peer's business.
    const events = {
      data: (bytes: Uint8Array) => {
        this.#hear(this.#decoder.decode(bytes, { stream: true }));
      },
      end: () => {
        if (this.#state === "open") this.#state = "ended";
        this.#follow();
      },
      close: () => {
        this.#state = "over";
        this.#closed.resolve(undefined);
        this.#wake();
        this.#follow();
      },
      leaving: () => undefined,
      taken: () => {
        this.#wake();
      },
    };
    line.start(events);
    this.#follow();
  }

  #hear(text: string): void {
    if (this.#heard.length + text.length > (this.#options.limit ?? 64 * 1024 * 1024)) {
      this.#fail("the other side sent too much");
      this.cut();
      return;
    }
    this.#heard += text;
    this.#unread += text;
    this.#follow();
  }

  /** Takes steps until one must wait. */
  #follow(): void {
    if (this.#connection === undefined) return;
    for (;;) {
      this.#stopWaiting();
      const [first] = this.#queue;
      if (first === undefined) return;
      const outcome = this.#take(first.step);
      if (outcome === "later" && this.#state === "open") {
        this.#wait();
        return;
      }
      if (typeof outcome === "string") {
        const ended = outcome === "later";
        this.#fail(ended ? "the connection ended too early" : "the other side left the script");
        return;
      }
      this.#queue.shift();
      this.#act(first.step);
      first.over?.resolve(outcome.text);
    }
  }

  /** Whether a step can be taken, and the text it takes. */
  #take(step: Waiting["step"]): { readonly text: string } | "later" | "never" {
    switch (step.kind) {
      case "read": {
        const length = take(step, this.#unread, this.#notes);
        return typeof length === "string" ? length : this.#read(length);
      }
      case "until": {
        const end = endOf(step.what, this.#unread);
        return end === undefined ? "later" : this.#read(end);
      }
      case "read-end":
        if (this.#unread !== "") return "never";
        return this.#state === "open" ? "later" : { text: "" };
      case "say":
      case "say-bytes":
      case "end":
      case "cut":
        return { text: "" };
    }
  }

  #act(step: Waiting["step"]): void {
    if (step.kind === "say") this.say(filled(step.text, this.#notes));
    else if (step.kind === "say-bytes") this.say(step.bytes);
    else if (step.kind === "end") this.end();
    else if (step.kind === "cut") this.cut();
  }

  #wait(): void {
    this.#timer = setTimeout(() => {
      this.#fail("the other side took too long");
    }, this.#options.timeout ?? 30_000);
    // In browsers a timer is a number. Elsewhere it must not keep the process alive.
    if (typeof (this.#timer as unknown) === "object") this.#timer.unref();
  }

  #stopWaiting(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #read(length: number): { readonly text: string } {
    const text = this.#unread.slice(0, length);
    this.#unread = this.#unread.slice(length);
    return { text };
  }

  #fail(why: string): void {
    this.#stopWaiting();
    const [first] = this.#queue;
    const error = new ScriptError(why, first === undefined ? "" : shown(first.step), this.#unread);
    for (const { over } of this.#queue.splice(0)) over?.reject(error);
  }

  #here(): Connected {
    if (this.#connection === undefined) {
      throw new BrokerError("DISCONNECTED", "nobody has connected to the scripted peer");
    }
    return this.#connection;
  }
}

/** Where the first match ends. */
function endOf(what: string | RegExp, text: string): number | undefined {
  if (typeof what === "string") {
    const start = text.indexOf(what);
    return start < 0 ? undefined : start + what.length;
  }
  // A sticky or global expression would remember where it was.
  const match = new RegExp(what.source, what.flags.replace(/[gy]/g, "")).exec(text);
  return match === null ? undefined : match.index + match[0].length;
}

/** A step as a script has it. */
function shown(step: Waiting["step"]): string {
  switch (step.kind) {
    case "read":
    case "say":
      return step.text;
    case "until":
      return String(step.what);
    case "read-end":
    case "end":
      return "(end)";
    case "cut":
      return "(cut)";
    case "say-bytes":
      return "(bytes …)";
  }
}
