import { nothing } from "../base/abort.ts";
import { callable } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import { isToBeRenewed } from "../base/renewal.ts";
import { type Subscription, subscription } from "../base/subscription.ts";
import { within } from "../base/timer.ts";
import {
  errorFor,
  type IncomingRequest,
  type IncomingRequests,
  isRequest,
  resultFor,
} from "../session/incoming.ts";
import { isStanzaError } from "../stream/stanza-error.ts";
import { type Element, isElement, withAttribute, type XPathNode } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { compile, type XPath } from "../xpath/compile.ts";
import { FilterIndex } from "../xpath/index/filter-index.ts";
import type { XPathValue } from "../xpath/value.ts";

/** What a handler is told about a stanza its filter matches. */
export interface FilterMatch {
  /** The stanza, in `jabber:client`. */
  readonly stanza: Element;
  /** The nodes the expression selects, in document order; empty where its result is no node-set. */
  readonly matches: XPathNode[];
  /** The expression's result as it is. */
  readonly value: XPathValue;
  /** The expression that matched, as it was given. */
  readonly expression: string;
  /** The envelope the stanza came in, on dialects that have envelopes. */
  readonly route?: Element;
}

/** How a filter reads its expression, and how long it stays. */
export interface FilterOptions {
  /** Prefix → namespace. Binding the empty prefix makes unprefixed element names exact. */
  readonly namespaces?: Readonly<Record<string, string>>;
  /** What `$name` in the expression stands for, by name. */
  readonly variables?: Readonly<Record<string, XPathValue>>;
  /** Removes the filter when aborted. */
  readonly signal?: AbortSignal;
  /** Removes it after its first match. */
  readonly once?: boolean;
}

/** A handler of `filter`; its result is awaited only to know when an incoming request is unclaimed. */
export type FilterHandler = (match: FilterMatch) => unknown;

/** A handler of `respond`: returns the answer to an incoming request, or its payload, or nothing. */
export type Responder = (match: FilterMatch) => Answer | Promise<Answer>;

// A function without a return statement is a responder too, and that is what void says of it.
// biome-ignore lint/suspicious/noConfusingVoidType: see above
type Answer = Element | undefined | void; // eslint-disable-line @typescript-eslint/no-invalid-void-type -- see above

interface Entry {
  readonly expression: string;
  readonly handler: FilterHandler;
  readonly responds: boolean;
  readonly once: boolean;
  remove: () => void;
}

/** What the filters ask of the broker. */
export interface FilterPort {
  /** Writes an answer to this request (none: to one that was not opened); the error says why it could not be. */
  answer(stanza: Element, request?: IncomingRequest): BrokerError | undefined;
  failed(error: BrokerError, source: string): void;
}

/** What the filters are made of. */
export interface FilterParts {
  readonly incoming: IncomingRequests;
  readonly unhandled: "error" | "ignore";
  /** How long handlers may take to answer, in milliseconds. */
  readonly timeout: number;
  readonly port: FilterPort;
}

/**
 * Expressions that were used last and say all by themselves, compiled: a thousand brokers with the same filter
 * share it. Few and short, since programs make expressions of what others send.
 */
const compiled = new Map<string, XPath>();
const COMPILED = 32;
const LONGEST_COMPILED = 256;

/**
 * The filters, all on one index, called in the order they were added. One that is removed meanwhile is not
 * called any more; one that is added meanwhile first sees the next stanza.
 */
export class Filters {
  readonly #index = new FilterIndex<Entry>();
  readonly #parts: FilterParts;
  #working: Set<Promise<void>> | undefined;
  #finished = 0;

  constructor(parts: FilterParts) {
    this.#parts = parts;
  }

  filter(expression: string, handler: FilterHandler, options: FilterOptions = {}): Subscription {
    return this.#add(expression, handler, options, false);
  }

  respond(expression: string, handler: Responder, options: FilterOptions = {}): Subscription {
    return this.#add(expression, handler, options, true);
  }

  /** Hands a stanza to everything that matches it, and sees to it that a request is answered. */
  dispatch(stanza: Element, route: Element | undefined): void {
    const { incoming, port } = this.#parts;
    const matches = this.#index.match(stanza, (error, entry) => {
      this.#failed(entry, error);
    });
    let request: IncomingRequest | undefined;
    if (isRequest(stanza)) {
      request = incoming.open(stanza);
      if (request === undefined) {
        // Others' questions must not make a living program look dead.
        const answer = isPing(stanza) ? resultFor(stanza) : errorFor(stanza, "resource-constraint");
        port.answer(answer);
        return;
      }
    } else if (matches.length === 0) return;
    const running: Promise<unknown>[] = [];
    let isClaimed = false;
    for (const { value: entry, result, removed } of matches) {
      if (removed) continue;
      if (entry.responds && (request === undefined || isClaimed || request.answered)) continue;
      const match = matchOf(stanza, entry.expression, result, route);
      if (entry.once) entry.remove();
      if (!entry.responds) {
        const promise = this.#call(entry, match);
        if (promise !== undefined) running.push(promise);
      } else if (request !== undefined) {
        isClaimed = true;
        this.#work(this.#respond(entry, match, request));
      }
    }
    if (request !== undefined && !isClaimed) this.#unclaimed(request, running);
  }

  /** Resolves when no responder is at work any more. */
  async idle(): Promise<void> {
    // Who asks may be a responder, which is counted once it has returned.
    await Promise.resolve();
    while (this.#working !== undefined && this.#working.size > 0) await Promise.all(this.#working);
  }

  #add(
    expression: string,
    handler: FilterHandler,
    options: FilterOptions,
    responds: boolean,
  ): Subscription {
    callable("handler", handler);
    const { namespaces, variables, once = false, signal } = options;
    const xpath =
      namespaces === undefined && variables === undefined
        ? compileOnce(expression)
        : compile(expression, {
            ...(namespaces === undefined ? {} : { namespaces }),
            ...(variables === undefined ? {} : { variables }),
          });
    const entry: Entry = {
      expression,
      handler,
      responds,
      once,
      remove: nothing,
    };
    const undo = this.#index.add(xpath, entry);
    const remove = signal === undefined ? undo : subscription(undo, signal);
    entry.remove = remove;
    return remove;
  }

  #call(entry: Entry, match: FilterMatch): Promise<unknown> | undefined {
    try {
      const result = entry.handler(match);
      if (!isThenable(result)) return undefined;
      return Promise.resolve(result).catch((error: unknown) => {
        this.#failed(entry, error);
      });
    } catch (error) {
      this.#failed(entry, error);
      return undefined;
    }
  }

  #failed(entry: Entry, thrown: unknown): void {
    const error = new BrokerError("HANDLER_FAILED", `of ${entry.expression}`, { cause: thrown });
    this.#parts.port.failed(error, entry.expression);
  }

  async #respond(entry: Entry, match: FilterMatch, request: IncomingRequest): Promise<void> {
    let answer: Element;
    try {
      const { timeout } = this.#parts;
      const result = await within(timeout, Promise.resolve(entry.handler(match)), () => {
        throw new BrokerError("REQUEST_TIMEOUT", `the handler took longer than ${timeout} ms`);
      });
      answer = checkAnswer(request.stanza, result);
    } catch (thrown) {
      const isMeant = isStanzaError(thrown);
      if (!isMeant) this.#failed(entry, thrown);
      const error = isMeant ? thrown : "internal-server-error";
      answer = errorFor(request.stanza, error);
    }
    // The handler may have sent the answer by itself, or the connection may be another one by now.
    if (request.answered) return;
    const refusal = this.#parts.port.answer(answer, request);
    if (refusal === undefined) return;
    this.#failed(entry, refusal);
    this.#answer(request, errorFor(request.stanza, "internal-server-error"));
  }

  /** Gives an answer of the broker's own; a request that cannot even be refused is not waited for. */
  #answer(request: IncomingRequest, answer: Element): void {
    const refusal = this.#parts.port.answer(answer, request);
    if (refusal !== undefined) this.#parts.incoming.leave(request);
  }

  #unclaimed(request: IncomingRequest, running: Promise<unknown>[]): void {
    if (request.answered) return;
    if (isPing(request.stanza)) {
      this.#answer(request, resultFor(request.stanza));
      return;
    }
    if (this.#parts.unhandled === "ignore") {
      this.#parts.incoming.leave(request);
      return;
    }
    const refuse = (): void => {
      if (request.answered) return;
      this.#answer(request, errorFor(request.stanza, "service-unavailable"));
    };
    if (running.length === 0) refuse();
    else
      this.#work(within(this.#parts.timeout, Promise.all(running), nothing).then(refuse, refuse));
  }

  #work(promise: Promise<void>): void {
    this.#working ??= new Set();
    this.#working.add(promise);
    void promise.finally(() => {
      if (this.#working?.delete(promise) !== true) return;
      if (!isToBeRenewed(++this.#finished, this.#working.size)) return;
      this.#finished = 0;
      this.#working = new Set(this.#working);
    });
  }
}

function compileOnce(expression: string): XPath {
  const known = compiled.get(expression);
  if (known !== undefined) return known;
  const xpath = compile(expression);
  if (expression.length > LONGEST_COMPILED) return xpath;
  compiled.set(expression, xpath);
  if (compiled.size > COMPILED) {
    const [oldest] = compiled.keys();
    if (oldest !== undefined) compiled.delete(oldest);
  }
  return xpath;
}

function matchOf(
  stanza: Element,
  expression: string,
  value: XPathValue,
  route: Element | undefined,
): FilterMatch {
  const matches = Array.isArray(value) ? value : [];
  return { stanza, matches, value, expression, ...(route === undefined ? {} : { route }) };
}

/** What a responder returned, as the answer that goes out. */
function checkAnswer(request: Element, result: unknown): Element {
  if (result === undefined) return resultFor(request);
  if (!isElement(result)) {
    throw new BrokerError("HANDLER_FAILED", "a responder returns an element or nothing");
  }
  if (result.name !== "iq") return resultFor(request, result);
  const { id, to, from, type } = result.attrs;
  const asked = request.attrs;
  const isAnswer = type === "result" || type === "error";
  const isFromAsked = from === undefined || asked.to === undefined || from === asked.to;
  if (!isAnswer || id !== asked.id || to !== asked.from || !isFromAsked) {
    throw new BrokerError(
      "HANDLER_FAILED",
      "the iq that a responder returned does not answer the request",
    );
  }
  // A component has many addresses: the asker takes the answer only from the one it asked.
  if (from !== undefined || asked.to === undefined) return result;
  return withAttribute(result, "from", asked.to);
}

function isPing(request: Element): boolean {
  return request.attrs.type === "get" && request.child("ping", NS.ping) !== undefined;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}
