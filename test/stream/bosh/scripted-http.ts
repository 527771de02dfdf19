import { expect } from "vitest";
import type { Fetch } from "../../../src/stream/bosh/post.ts";
import { settled, type VirtualClock } from "../../virtual-clock.ts";

const BODY = " xmlns='http://jabber.org/protocol/httpbind'";
const XMPP = " xmlns:xmpp='urn:xmpp:xbosh'";

/** A request that has come and is not answered. */
interface Waiting {
  readonly text: string;
  answer(response: Response): void;
  fail(error: Error): void;
}

/** Acts in the middle of a script: the program's side. */
export type Act = (command: string, text: string) => unknown;

/**
 * An HTTP server that follows a script, under a virtual clock. `C` lines are requests, `S` lines are answers, and the
 * number is the `rid`. The namespaces of BOSH itself are left out.
 *
 *     C 1: <body …/>                the next request that comes
 *     S 1: <body …/>                its answer, with the status 200
 *     S 1: HTTP 503                 its answer, with another status and no content
 *     S 1: cut                      its connection breaks
 *     S 1: cut after 20: <body …/>  the same, after 20 bytes of the answer
 *     nothing                       no request has come
 *     wait 500                      so many milliseconds pass
 *     write <message/>              any other word is an act of the program
 */
export class ScriptedHttp {
  /** The requests that have come, oldest first. */
  readonly #come: Waiting[] = [];
  /** Requests whose connection was given up, by their text. */
  readonly aborted: string[] = [];
  /** Requests that were read by the script, by their `rid`: the last one of each counts. */
  readonly #open = new Map<string, Waiting>();
  readonly #clock: VirtualClock;
  readonly #isPatient: boolean;

  /** A patient server waits for each request, for as long as it takes. */
  constructor(clock: VirtualClock, isPatient = false) {
    this.#clock = clock;
    this.#isPatient = isPatient;
  }

  readonly fetch: Fetch = (_url, { body, signal }) => {
    const text = short(body);
    return new Promise((resolve, reject) => {
      this.#come.push({ text, answer: resolve, fail: reject });
      signal.addEventListener("abort", () => {
        this.aborted.push(text);
        reject(signal.reason as Error);
      });
    });
  };

  async follow(script: string, act: Act): Promise<void> {
    const lines = script.split("\n").map((line) => line.trim());
    for (const line of lines.filter((text) => text !== "" && !text.startsWith("#"))) {
      await settled(20);
      await this.#line(line, act);
    }
    await settled(20);
  }

  async #line(line: string, act: Act): Promise<void> {
    const [, side, rid = "", text = ""] = /^([CS]) (\d+): (.*)$/.exec(line) ?? [];
    if (side === "C") await this.#expect(rid, text);
    else if (side === "S") this.#answer(rid, text);
    else if (line === "nothing") expect(this.#come.map((request) => request.text)).toEqual([]);
    else {
      const [word = "", ...rest] = line.split(" ");
      if (word === "wait") await this.#clock.pass(Number(rest[0]));
      else await act(word, rest.join(" "));
    }
  }

  async #expect(rid: string, text: string): Promise<void> {
    // Cryptography takes as long as it takes.
    while (this.#isPatient && this.#come.length === 0) await settled(1);
    const request = this.#come.shift();
    const wanted = text.replace(/<body(?: xmlns:\S+)?/, `$& rid='${rid}'`);
    if (wanted.endsWith("…")) expect(request?.text).toContain(wanted.slice(0, -1));
    else expect(request?.text).toBe(wanted);
    if (request !== undefined) this.#open.set(rid, request);
  }

  #answer(rid: string, text: string): void {
    const request = this.#open.get(rid);
    if (request === undefined) throw new Error(`no request ${rid} was read before`);
    const [, status] = /^HTTP (\d+)$/.exec(text) ?? [];
    const [, at, cut] = /^cut after (\d+): (.*)$/.exec(text) ?? [];
    if (status !== undefined) request.answer(new Response(null, { status: Number(status) }));
    else if (cut !== undefined) request.answer(new Response(broken(long(cut), Number(at))));
    else if (text === "cut") request.fail(new TypeError("fetch failed"));
    else request.answer(new Response(long(text)));
  }
}

/** The answer of a connection that breaks after so many bytes. */
function broken(text: string, at: number): ReadableStream<Uint8Array> {
  const bytes = new TextEncoder().encode(text).subarray(0, at);
  let isSent = at === 0;
  return new ReadableStream({
    pull(controller) {
      if (isSent) controller.error(new TypeError("terminated"));
      else controller.enqueue(bytes);
      isSent = true;
    },
  });
}

/** A request without the namespaces of BOSH. */
function short(text: string): string {
  return text.replace(BODY, "").replace(XMPP, "");
}

/** An answer with the namespaces of BOSH. */
export function long(text: string): string {
  return text.replace(
    /<body(?=[\s/>])(?! xmlns=)/,
    `<body${BODY}${text.includes("xmpp:") ? XMPP : ""}`,
  );
}
