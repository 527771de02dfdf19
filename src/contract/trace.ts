import { callable, oneOf } from "../base/check.ts";
import { group, type Option, optional, type Takes } from "../base/option.ts";
import type { Element } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { type SerializeContext, serialize } from "../xml/write/serialize.ts";

/** One line of the trace: what went over the wire, or what happened. */
export interface TraceEntry {
  /** When, in milliseconds since 1970. */
  readonly at: number;
  /** From the server, to it, or an event of the broker's. */
  readonly direction: "in" | "out" | "event";
  /** The XML, or the event's name. */
  readonly text: string;
}

/** Takes one entry of the trace. */
export type TraceListener = (entry: TraceEntry) => void;

/** The rows of `trace`, where it is an object. */
const TRACE = {
  /** The function that takes the entries. Default: standard error. */
  to: optional(traceListener),
  /** `true`: the trace holds passwords and tokens as well. Default `false`. */
  secrets: optional((name, value) => oneOf(name, value, [true])),
};

/** Where the trace goes, and whether it holds secrets. */
export interface TraceOptions extends Takes<typeof TRACE> {}

/** The `trace` option. */
export type TraceOption = boolean | TraceListener | TraceOptions;

const details = group<TraceOptions, TraceOptions>(TRACE);

/** The row `trace`. */
export const traceOption: Option<TraceOption> = {
  rows: TRACE,
  fallback: false,
  check(name, value) {
    if (typeof value === "boolean" || typeof value === "function") return value as TraceOption;
    return details.check(name, value);
  },
};

/** Where the trace goes, and whether secrets stand in it. */
export interface TraceTarget {
  readonly to: TraceListener;
  readonly secrets: boolean;
}

/** The place that a checked `trace` option names; undefined: no trace. */
export function traceTarget(option: TraceOption, standard: TraceListener): TraceTarget | undefined {
  if (option === false) return undefined;
  if (option === true) return { to: standard, secrets: false };
  if (typeof option === "function") return { to: option, secrets: false };
  const { to = standard, secrets = false } = option;
  return { to, secrets };
}

function traceListener(name: string, value: unknown): TraceListener {
  callable(name, value);
  return value as TraceListener;
}

const REDACTED = "[redacted]";

/** Elements whose text is a secret wherever they stand: passwords, digests, handshakes, tokens. */
const SECRET_NAMES: ReadonlySet<string> = new Set(["password", "digest", "handshake", "token"]);

/** The elements of SASL that carry payloads (RFC 6120, 6.4). */
const SASL_PAYLOADS: ReadonlySet<string> = new Set(["auth", "challenge", "response", "success"]);

/** What the trace says of an element, and how. */
export interface TraceWriting {
  /** The element's place on the stream, so that it reads as it does on the wire. */
  readonly context: SerializeContext;
  readonly secrets: boolean;
  /** It is part of authentication: any text in it may be a secret, or repeat one. */
  readonly authenticates: boolean;
  /** Its text on the wire, where that is known. */
  readonly wire?: string | undefined;
}

/** An element as it stands in the trace, without its secrets unless they are asked for. */
export function traceText(element: Element, writing: TraceWriting): string {
  const { context, secrets, authenticates, wire } = writing;
  const shown = secrets ? element : redact(element, authenticates);
  if (wire !== undefined && shown === element) return wire;
  try {
    return serialize(shown, context);
  } catch {
    // Refused by the serializer: the refusal has its own error, the trace must not have another.
    return `<${element.name}> (cannot be written)`;
  }
}

/**
 * A copy without secrets; the element itself where it has none, which is nearly always. `every`: each text is
 * one. A server that refuses a password may repeat it in its reason.
 */
export function redact(element: Element, every = false): Element {
  if (!every && !holdsSecret(element)) return element;
  const copy = element.clone();
  blank(copy, every);
  return copy;
}

function isSecret({ name, ns }: Element): boolean {
  return SECRET_NAMES.has(name) || (ns === NS.sasl && SASL_PAYLOADS.has(name));
}

function holdsSecret(element: Element): boolean {
  if (isSecret(element)) return true;
  return element.children.some((child) => typeof child !== "string" && holdsSecret(child));
}

function blank(element: Element, every: boolean): void {
  if ((every || isSecret(element)) && element.text() !== "") {
    element.children = [REDACTED, ...element.children.filter((child) => typeof child !== "string")];
  }
  for (const child of element.children) if (typeof child !== "string") blank(child, every);
}
