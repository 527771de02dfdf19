import type { ServerResponse } from "node:http";
import { BOSH, bodyText } from "../../../stream/bosh/body.ts";
import { FRAMING } from "../../../stream/websocket/websocket-framing.ts";
import { openTag, serialize } from "../../../xml/write/serialize.ts";
import type { RequestBody } from "./request-body.ts";
import { type PipeOwner, StreamPipe } from "./stream-pipe.ts";

/** The terms of each session: those of Prosody, with acknowledgements and a shorter polling. Times are in seconds. */
const TERMS = { requests: 2, hold: 1, polling: 2, inactivity: 60 } as const;

/** The longest time that a request is held, in seconds. */
const LONGEST_WAIT = 60;

/** A request that has no answer yet. */
interface Held {
  readonly rid: number;
  readonly body: RequestBody;
  response: ServerResponse;
  readonly at: number;
}

/** The owner of a session: a connection manager. */
export interface ManagerSessionOwner {
  /** The session is over: its id is not known any more. */
  ended(session: ManagerSession): void;
}

/** One session of a connection manager (XEP-0124), between its client's requests and the server's stream. */
export class ManagerSession implements PipeOwner {
  readonly sid: string;
  readonly pipe: StreamPipe;
  readonly #owner: ManagerSessionOwner;
  readonly #wait: number;
  /** The `rid` of the last request that was taken in its turn. */
  #rid: number;
  /** Requests that are not answered, in order. */
  #held: Held[] = [];
  /** Requests that came before their turn. */
  readonly #early = new Map<number, Held>();
  /** The last answers, for requests that come again. */
  readonly #answers = new Map<number, string>();
  /** The words of the server that no answer has carried yet. */
  #outbox: string[] = [];
  /** The server's header, until the first answer has carried it. */
  #header: Readonly<Record<string, string | undefined>> | undefined;
  #isCreated = false;
  #isModern = false;
  readonly #version: string | undefined;
  /** The condition of the end, or `""` for an end in order. */
  #end: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #lastAt = 0;

  constructor(
    sid: string,
    { attributes }: RequestBody,
    owner: ManagerSessionOwner,
    isEncrypted: boolean,
  ) {
    this.sid = sid;
    this.#owner = owner;
    this.#rid = Number(attributes.rid) - 1;
    this.#version = attributes[`{${BOSH.xmpp}}version`];
    this.#wait = Math.min(Number(attributes.wait ?? LONGEST_WAIT), LONGEST_WAIT);
    this.pipe = new StreamPipe(this, isEncrypted);
  }

  /** A request has come. */
  handle(body: RequestBody, response: ServerResponse): void {
    const rid = Number(body.attributes.rid);
    const held: Held = { rid, body, response, at: performance.now() };
    if (rid <= this.#rid) this.#again(held);
    else if (rid > this.#rid + TERMS.requests + 1) this.terminate("item-not-found", response);
    else {
      this.#early.set(rid, held);
      for (let next = this.#early.get(this.#rid + 1); next !== undefined; ) {
        this.#early.delete(next.rid);
        this.#rid = next.rid;
        this.#take(next);
        next = this.#early.get(this.#rid + 1);
      }
    }
  }

  /** Ends the session: all requests are answered with a condition, or without one. */
  terminate(condition: string, ...others: ServerResponse[]): void {
    if (this.#end !== undefined) return;
    this.#end = condition;
    const text = this.#body({ type: "terminate", condition: condition || undefined });
    const early = [...this.#early.values()].map(({ response }) => response);
    for (const { response } of this.#held) send(response, text);
    for (const response of [...early, ...others]) send(response, text);
    this.#held = [];
    clearTimeout(this.#timer);
    this.#owner.ended(this);
    this.pipe.hangUp();
  }

  // Events of the server's stream.

  message(text: string): void {
    if (text.startsWith(`<open xmlns='${FRAMING}'`)) this.#open(text);
    else if (text === "" || text.startsWith(`<close xmlns='${FRAMING}'`)) {
      const isError = this.#outbox.some((one) => one.startsWith("<stream:error"));
      this.terminate(isError ? "remote-stream-error" : "");
    } else {
      this.#outbox.push(text);
      // A stream error goes with the end, which follows (XEP-0206, 6).
      if (!text.startsWith("<stream:error")) this.#flush();
    }
  }

  dropped(): void {
    if (this.#end !== undefined) return;
    // As when the machine is gone: the client finds out by itself.
    this.#end = "";
    clearTimeout(this.#timer);
    // (On Bun, `response.destroy` ends an answer in order.)
    for (const { response } of [...this.#held, ...this.#early.values()])
      response.req.socket.destroy();
    this.#owner.ended(this);
  }

  #open(text: string): void {
    const attribute = (name: string) => new RegExp(` ${name}='([^']*)'`).exec(text)?.[1];
    const version = attribute("version");
    this.#isModern = version !== undefined;
    this.#header = {
      authid: attribute("id"),
      from: attribute("from"),
      "xmpp:version": version,
    };
    if (!this.#isModern) this.#flush();
  }

  /** A request comes again, since its answer was lost (XEP-0124, 14.3). */
  #again(held: Held): void {
    const known = this.#held.find(({ rid }) => rid === held.rid);
    const answer = this.#answers.get(held.rid);
    if (known !== undefined) {
      known.response.req.socket.destroy();
      known.response = held.response;
    } else if (answer === undefined) this.terminate("item-not-found", held.response);
    else send(held.response, answer);
  }

  /** A request in its turn. */
  #take(held: Held): void {
    const { attributes, payload } = held.body;
    const isLast = attributes.type === "terminate";
    this.#held.push(held);
    this.#tooMany(held, isLast);
    if (this.#end !== undefined) return;
    const isRestart = attributes[`{${BOSH.xmpp}}restart`] === "true";
    if (isRestart || attributes.sid === undefined) {
      const header = { xmlns: FRAMING, to: attributes.to, version: this.#version };
      this.pipe.say(`${openTag("open", header).slice(0, -1)}/>`);
    }
    for (const element of payload) this.pipe.say(serialize(element));
    if (isLast) this.pipe.say(`<close xmlns='${FRAMING}'/>`);
    this.#flush();
  }

  /** Ends a session whose client asks too often (XEP-0124, 11). */
  #tooMany({ body: { attributes, payload }, at }: Held, isLast: boolean): void {
    const isEmpty = payload.length === 0 && attributes.to === undefined;
    const isSoon = at - this.#lastAt < TERMS.polling * 1000;
    this.#lastAt = at;
    const { length } = this.#held;
    const isPolling = length === TERMS.requests && isEmpty && isSoon;
    if (!isLast && (length > TERMS.requests || isPolling)) this.terminate("policy-violation");
  }

  /** Answers what can be answered, and sets the timer for the rest. */
  #flush(): void {
    clearTimeout(this.#timer);
    if (this.#end !== undefined) return;
    const canCreate = this.#outbox.length > 0 || (this.#header !== undefined && !this.#isModern);
    if (this.#isCreated || canCreate) {
      if (this.#held.length > 0 && canCreate) this.#answer();
      while (this.#held.length > TERMS.hold) this.#answer();
    }
    const [first] = this.#held;
    const wait = first === undefined ? TERMS.inactivity : this.#wait;
    this.#timer = setTimeout(() => {
      if (first === undefined) this.terminate("");
      else {
        this.#answer();
        this.#flush();
      }
    }, wait * 1000);
  }

  /** Answers the oldest request with all that there is. */
  #answer(): void {
    const held = this.#held.shift();
    if (held === undefined) return;
    const { rid, response } = held;
    const text = this.#body({ ack: rid === this.#rid ? undefined : String(this.#rid) });
    this.#answers.set(rid, text);
    this.#answers.delete(rid - TERMS.requests - 1);
    send(response, text);
  }

  #body(attributes: Readonly<Record<string, string | undefined>>): string {
    const payload = this.#outbox.join("");
    this.#outbox = [];
    if (this.#isCreated) return bodyText(attributes, payload);
    this.#isCreated = true;
    const all: Record<string, string | undefined> = {
      ...{ sid: this.sid, ver: "1.11", wait: String(this.#wait) },
      ...this.#header,
      ...attributes,
      ack: String(this.#rid),
    };
    for (const [name, value] of Object.entries(TERMS)) all[name] = String(value);
    return bodyText(all, payload);
  }
}

/** Answers a request with a body. */
export function send(response: ServerResponse, text: string): void {
  response.setHeader("Content-Type", "text/xml; charset=utf-8");
  response.end(text);
}
