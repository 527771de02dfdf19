import { BrokerError, isBrokerError } from "../base/errors.ts";
import { type Element, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { conditionOf } from "./condition.ts";

/** The advice of an error to the sender of the stanza (RFC 6120, 8.3.2). */
export type StanzaErrorType = "auth" | "cancel" | "continue" | "modify" | "wait";

/** The type that a defined condition usually has, where it is not `cancel` (RFC 6120, 8.3.3). */
const USUAL_TYPE: ReadonlyMap<string, StanzaErrorType> = new Map(
  Object.entries({
    "bad-request": "modify",
    forbidden: "auth",
    "jid-malformed": "modify",
    "not-acceptable": "modify",
    "not-authorized": "auth",
    "policy-violation": "modify",
    "recipient-unavailable": "wait",
    redirect: "modify",
    "registration-required": "auth",
    "remote-server-timeout": "wait",
    "resource-constraint": "wait",
    "subscription-required": "auth",
    "unexpected-request": "wait",
  } as const),
);

const TYPES: ReadonlySet<string> = new Set(["auth", "cancel", "continue", "modify", "wait"]);

/** The facts of a `StanzaError` beside its condition. */
export interface StanzaErrorFacts {
  /** Default: the type RFC 6120, 8.3.3 gives the condition. */
  readonly type?: StanzaErrorType | undefined;
  /** Words for a human being. Default: none. */
  readonly text?: string | undefined;
  /** The received stanza of type `error`. */
  readonly stanza?: Element | undefined;
}

/**
 * An error as stanzas carry it (RFC 6120, 8.3). `request` rejects with one (code `STANZA_ERROR`); thrown by a
 * handler given to `respond`, it is what the asker gets. Retryable where the type is `wait`.
 */
export class StanzaError extends BrokerError {
  override readonly name = "StanzaError";
  /** The advice to the sender (RFC 6120, 8.3.2). */
  readonly type: StanzaErrorType;
  /** The defined condition, e.g. `item-not-found`. */
  readonly condition: string;
  /** Words for a human being, if there were any. */
  readonly text: string | undefined;
  /** The stanza that carried it, where it was received. */
  readonly stanza: Element | undefined;

  constructor(condition: string, facts: StanzaErrorFacts = {}) {
    const type = facts.type ?? usualType(condition);
    super("STANZA_ERROR", condition + (facts.text ? ` (${facts.text})` : ""), {
      retryable: type === "wait",
    });
    this.type = type;
    this.condition = condition;
    this.text = facts.text;
    this.stanza = facts.stanza;
  }

  /** The `<error/>` child of the stanza that reports it. */
  toElement(): Element {
    return errorElement(this.condition, this.type, this.text);
  }
}

/** True if a thrown value is a `StanzaError`, also one of another copy of this package. */
export function isStanzaError(thrown: unknown): thrown is StanzaError {
  return isBrokerError(thrown) && thrown.code === "STANZA_ERROR" && "toElement" in thrown;
}

/**
 * The `<error/>` child of a stanza that reports a condition, without the `StanzaError`: making one takes a
 * stack trace, which is most of the cost of refusing a request.
 */
export function errorElement(
  condition: string,
  type: StanzaErrorType = usualType(condition),
  text?: string,
): Element {
  return xml(
    "error",
    { type },
    xml(condition, { xmlns: NS.stanzaErrors }),
    text === undefined ? undefined : xml("text", { xmlns: NS.stanzaErrors }, text),
  );
}

/** Conditions as servers from before XMPP 1.0 say them, by code (XEP-0086). */
const BY_CODE: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "302": "redirect",
    "400": "bad-request",
    "401": "not-authorized",
    "402": "registration-required",
    "403": "forbidden",
    "404": "item-not-found",
    "405": "not-allowed",
    "406": "not-acceptable",
    "407": "registration-required",
    "408": "remote-server-timeout",
    "409": "conflict",
    "500": "internal-server-error",
    "501": "feature-not-implemented",
    "502": "service-unavailable",
    "503": "service-unavailable",
    "504": "remote-server-timeout",
    "510": "service-unavailable",
  }),
);

/** Reads the error of a received stanza of type `error`, with or without an `<error/>` as it should be. */
export function stanzaErrorFrom(stanza: Element): StanzaError {
  const error = stanza.child("error");
  const { condition, text } = conditionOf(error, NS.stanzaErrors);
  const type = error?.attrs.type;
  return new StanzaError(
    condition?.name ?? BY_CODE.get(error?.attrs.code ?? "") ?? "undefined-condition",
    {
      stanza,
      type: isType(type) ? type : undefined,
      text,
    },
  );
}

function usualType(condition: string): StanzaErrorType {
  return USUAL_TYPE.get(condition) ?? "cancel";
}

function isType(value: string | undefined): value is StanzaErrorType {
  return value !== undefined && TYPES.has(value);
}
