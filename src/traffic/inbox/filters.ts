import { nothing } from "../../base/abort.ts";
import { callable } from "../../base/check.ts";
import { within } from "../../base/clock.ts";
import { BrokerError, isBrokerError } from "../../base/errors.ts";
import { type Subscription, subscription } from "../../base/subscription.ts";
import type { FilterOptions } from "../../contract/rows/call-options.ts";
import type { IncomingRequest, IncomingRequests } from "../../session/requests/incoming.ts";
import { type Asked, askedBy, errorFor, resultFor } from "../../stream/reply.ts";
import { isRequest } from "../../stream/stanza.ts";
import { isStanzaError } from "../../stream/stanza-error.ts";
import { type Element, isElement, withAttribute } from "../../xml/element.ts";
import { NS } from "../../xml/namespaces.ts";
import { compile } from "../../xpath/compile.ts";
import type { FilterTable } from "../../xpath/filter-table.ts";
import type { BoundedOutbox } from "../outbox/outbox.ts";
import type { TrafficParts } from "../parts.ts";
import { compileOnce } from "./compile-once.ts";
import { type FilterHandler, type FilterMatch, matchOf, type Responder } from "./filter-match.ts";

interface Entry {
  readonly expression: string;
  readonly handler: FilterHandler;
  readonly responds: boolean;
  readonly once: boolean;
  remove: () => void;
}

/** Handlers that are at work on a stanza. */
export interface Work {
  /** Resolves when they have finished; never rejects. */
  readonly done: Promise<unknown>;
  /** The expression of the first of them. */
  readonly expression: string;
}

/**
 * The filters, all in one table, called in the order they were added. One that is removed meanwhile is not
 * called any more; one that is added meanwhile first sees the next stanza.
 */
export class Filters {
  readonly #table: FilterTable<Entry>;
  readonly #parts: TrafficParts;
  readonly #incoming: IncomingRequests;
  readonly #outbox: BoundedOutbox;

  constructor(parts: TrafficParts, incoming: IncomingRequests, outbox: BoundedOutbox) {
    this.#parts = parts;
    this.#table = new parts.filterTable<Entry>();
    this.#incoming = incoming;
    this.#outbox = outbox;
  }

  /** Adds a filter. */
  filter(expression: string, handler: FilterHandler, options: FilterOptions = {}): Subscription {
    return this.#add(expression, handler, options, false);
  }

  /** Adds a responder. */
  respond(expression: string, handler: Responder, options: FilterOptions = {}): Subscription {
    return this.#add(expression, handler, options, true);
  }

  /** Answers a ping that no responder claims, and says whether it did: for one that must not wait its turn. */
  answersPing(stanza: Element): boolean {
    if (!isRequest(stanza) || !isPing(stanza)) return false;
    const matches = this.#table.match(stanza, () => undefined);
    if (matches.some(({ value, removed }) => value.responds && !removed)) return false;
    this.#answer(resultFor(askedBy(stanza)));
    return true;
  }

  /**
   * Hands a stanza to every filter that matches it, and sees to it that a request is answered. `isAnswered`: it is
   * a request that needs no answer any more. The result are the handlers that have not finished.
   */
  dispatch(stanza: Element, route: Element | undefined, isAnswered = false): Work | undefined {
    const matches = this.#table.match(stanza, this.#unmatched);
    let request: IncomingRequest | undefined;
    if (!isAnswered && isRequest(stanza)) {
      request = this.#incoming.open(stanza);
      if (request === undefined) {
        // Others' questions must not make a living program look dead.
        const asked = askedBy(stanza);
        this.#answer(isPing(stanza) ? resultFor(asked) : errorFor(asked, "resource-constraint"));
        return undefined;
      }
    } else if (matches.length === 0) return undefined;
    const running: Promise<unknown>[] = [];
    let first = "";
    let responding: Promise<void> | undefined;
    for (const { value: entry, result, removed } of matches) {
      if (removed) continue;
      if (
        entry.responds &&
        (request === undefined || responding !== undefined || request.state !== "open")
      ) {
        continue;
      }
      const match = matchOf(stanza, entry.expression, result, route);
      if (entry.once) entry.remove();
      if (!entry.responds) {
        const promise = this.#call(entry, match);
        if (promise === undefined) continue;
        running.push(promise);
      } else if (request !== undefined) {
        responding = this.#respond(entry, match, request);
      }
      if (first === "") first = entry.expression;
    }
    if (responding !== undefined) running.push(responding);
    else if (request !== undefined) this.#unclaimed(request, isPing(stanza), running);
    if (running.length === 0) return undefined;
    return {
      done: running.length === 1 ? Promise.resolve(running[0]) : Promise.all(running),
      expression: first,
    };
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
    const undo = this.#table.add(xpath, entry);
    const remove = signal === undefined ? undo : subscription(undo, signal);
    entry.remove = remove;
    return remove;
  }

  #call(entry: Entry, match: FilterMatch): Promise<unknown> | undefined {
    try {
      const result = entry.handler(match);
      if (!isThenable(result)) return undefined;
      return Promise.resolve(result).catch((error: unknown) => {
        this.#failed(entry.expression, error);
      });
    } catch (error) {
      this.#failed(entry.expression, error);
      return undefined;
    }
  }

  /** An expression could not be evaluated. */
  readonly #unmatched = (error: unknown, entry: Entry): void => {
    this.#failed(entry.expression, error);
  };

  #failed(expression: string, thrown: unknown): void {
    // (The message of an error of the program's own may hold anything: it is left to the cause.)
    const reason = isBrokerError(thrown) ? `: ${thrown.message}` : "";
    const error = new BrokerError("HANDLER_FAILED", `of ${expression}${reason}`, { cause: thrown });
    this.#parts.instruments.failed(error, expression);
  }

  async #respond(entry: Entry, match: FilterMatch, request: IncomingRequest): Promise<void> {
    let answer: Element;
    try {
      const { clock, settings } = this.#parts;
      const timeout = settings.timeouts.respond;
      const handled = Promise.resolve(entry.handler(match));
      const result = await within(clock, timeout, handled, () => {
        throw new BrokerError("REQUEST_TIMEOUT", `the handler took longer than ${timeout} ms`);
      });
      answer = checkAnswer(request, result);
    } catch (thrown) {
      const isMeant = isStanzaError(thrown);
      if (!isMeant) this.#failed(entry.expression, thrown);
      const error = isMeant ? thrown : "internal-server-error";
      answer = errorFor(request, error);
    }
    // The handler may have sent the answer by itself.
    if (request.state === "answered" || this.#answer(answer, request)) return;
    // The asker gets an error where it can be reached. If it cannot, the event above says why.
    const refusal = this.#outbox.answer(errorFor(request, "internal-server-error"), request);
    if (refusal !== undefined) this.#incoming.leave(request);
  }

  /** Sends an answer. If it cannot be sent, it is `dropped` with the reason, and the result is false. */
  #answer(answer: Element, request?: IncomingRequest): boolean {
    const refusal = this.#outbox.answer(answer, request);
    if (refusal !== undefined) this.#parts.instruments.dropped(answer, refusal);
    return refusal === undefined;
  }

  /** Gives an answer of the broker's own; a request that cannot even be refused is not waited for. */
  #answerOwn(request: IncomingRequest, answer: Element): void {
    if (!this.#answer(answer, request)) this.#incoming.leave(request);
  }

  #unclaimed(
    request: IncomingRequest,
    isPing: boolean,
    running: readonly Promise<unknown>[],
  ): void {
    if (request.state === "answered") return;
    if (isPing) {
      this.#answerOwn(request, resultFor(request));
      return;
    }
    if (this.#parts.settings.unhandled === "ignore") {
      this.#incoming.leave(request);
      return;
    }
    const refuse = (): void => {
      if (request.state === "answered") return;
      this.#answerOwn(request, errorFor(request, "service-unavailable"));
    };
    const { clock, settings } = this.#parts;
    if (running.length === 0) refuse();
    else
      void within(clock, settings.timeouts.respond, Promise.all(running), nothing).then(
        refuse,
        refuse,
      );
  }
}

/** Returns the answer for the result of a responder. */
function checkAnswer(request: Asked, result: unknown): Element {
  if (result === undefined) return resultFor(request);
  if (!isElement(result)) {
    throw new BrokerError("HANDLER_FAILED", "a responder returns an element or nothing");
  }
  if (result.name !== "iq") return resultFor(request, result);
  const { id, to, from, type } = result.attrs;
  const isAnswer = type === "result" || type === "error";
  const isFromAsked = from === undefined || request.to === undefined || from === request.to;
  if (!isAnswer || id !== request.id || to !== request.from || !isFromAsked) {
    throw new BrokerError(
      "HANDLER_FAILED",
      "the iq that a responder returned does not answer the request",
    );
  }
  // A component has many addresses: the asker takes the answer only from the one it asked.
  if (from !== undefined || request.to === undefined) return result;
  return withAttribute(result, "from", request.to);
}

function isPing(request: Element): boolean {
  return request.attrs.type === "get" && request.child("ping", NS.ping) !== undefined;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value;
}
