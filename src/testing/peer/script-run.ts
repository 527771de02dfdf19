import { type Deferred, deferred } from "../../base/deferred.ts";
import { endOf, filled, type Notes, parseScript, type Step, shown, take } from "./script.ts";
import { ScriptError } from "./script-error.ts";
import type { PeerSettings } from "./scripted-peer-options.ts";

/** Taken at load, so that a test which replaces the timers later does not stop the peer's clock. */
const { setTimeout, clearTimeout } = globalThis;

/** The acts that a script asks of a peer. */
export interface ScriptActs {
  say(data: string | Uint8Array): void;
  end(): void;
  cut(): void;
}

/** A step to take, and the promise that settles with the last step of a script. */
interface Waiting {
  readonly step: Step;
  readonly over: Deferred<string> | undefined;
}

/** The way through the scripts of one peer: the steps to take, and the text to take them by. */
export class ScriptRun {
  /** The values that the names of the scripts have. */
  readonly notes: Notes = new Map();
  /** All that the other side has sent. */
  heard = "";
  /** The part of it that no step has taken. */
  unread = "";
  readonly #settings: PeerSettings;
  readonly #acts: ScriptActs;
  readonly #noted = new Set<string>();
  readonly #queue: Waiting[] = [];
  /** The other side's half of the connection. */
  #state: "awaited" | "open" | "ended" = "awaited";
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(settings: PeerSettings, acts: ScriptActs) {
    this.#settings = settings;
    this.#acts = acts;
  }

  /** Adds the lines of a script. Settles with the last of them. Throws `BAD_OPTION` for what is no script. */
  play(script: string): Promise<string> {
    return this.#add(parseScript(script, this.#settings.speaks, this.#noted));
  }

  /** Waits for a text, behind the lines, and gives everything up to its end. */
  hears(what: string | RegExp): Promise<string> {
    return this.#add([{ kind: "until", what }]);
  }

  /** The connection is there: steps are taken from now on. */
  begin(): void {
    this.#state = "open";
    this.#follow();
  }

  /** Reads on. Drops the connection when too much has come. */
  hear(text: string): void {
    if (this.heard.length + text.length > this.#settings.limit) {
      this.#fail("the other side sent too much");
      this.#acts.cut();
      return;
    }
    this.heard += text;
    this.unread += text;
    this.#follow();
  }

  /** Nothing more will come. */
  end(): void {
    this.#state = "ended";
    this.#follow();
  }

  #add(steps: readonly Step[]): Promise<string> {
    const over = deferred<string>();
    for (const [index, step] of steps.entries()) {
      this.#queue.push({ step, over: index === steps.length - 1 ? over : undefined });
    }
    if (steps.length === 0) over.resolve("");
    this.#follow();
    return over.promise;
  }

  /** Takes steps until one must wait. */
  #follow(): void {
    if (this.#state === "awaited") return;
    for (;;) {
      const [first] = this.#queue;
      if (first === undefined) return;
      const length = this.#lengthOf(first.step);
      if (length === "later" && this.#state === "open") {
        this.#timer ??= this.#startTimer();
        return;
      }
      if (typeof length === "string") {
        const ended = length === "later";
        this.#fail(ended ? "the connection ended too early" : "the other side left the script");
        return;
      }
      this.#stopTimer();
      this.#queue.shift();
      const taken = this.unread.slice(0, length);
      this.unread = this.unread.slice(length);
      this.#act(first.step);
      first.over?.resolve(taken);
    }
  }

  /** How many unread characters a step takes, if it can be taken. */
  #lengthOf(step: Step): number | "later" | "never" {
    switch (step.kind) {
      case "read":
        return take(step, this.unread, this.notes);
      case "until":
        return endOf(step.what, this.unread);
      case "read-end":
        if (this.unread !== "") return "never";
        return this.#state === "open" ? "later" : 0;
      case "say":
      case "say-bytes":
      case "end":
      case "cut":
        return 0;
    }
  }

  #act(step: Step): void {
    if (step.kind === "say") this.#acts.say(filled(step.text, this.notes));
    else if (step.kind === "say-bytes") this.#acts.say(step.bytes);
    else if (step.kind === "end") this.#acts.end();
    else if (step.kind === "cut") this.#acts.cut();
  }

  #startTimer(): ReturnType<typeof setTimeout> {
    const timer = setTimeout(() => {
      this.#fail("the other side took too long");
    }, this.#settings.timeout);
    // In browsers a timer is a number. Elsewhere it must not keep the process alive.
    if (typeof (timer as unknown) === "object") timer.unref();
    return timer;
  }

  #stopTimer(): void {
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #fail(why: string): void {
    this.#stopTimer();
    const [first] = this.#queue;
    const error = new ScriptError(why, first === undefined ? "" : shown(first.step), this.unread);
    for (const { over } of this.#queue.splice(0)) over?.reject(error);
  }
}
