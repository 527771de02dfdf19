import { callable, oneOf } from "../base/check.ts";
import { group, type Option, optional, type Takes } from "../base/option.ts";
import { printable } from "../base/text/printable.ts";
import type { Element } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { type SerializeContext, serialize } from "../xml/write/serialize.ts";

/** One entry of the trace: an element or a tag on the wire, or an event. */
export interface TraceEntry {
  /** The time of the entry, in milliseconds since 1970. */
  readonly at: number;
  /** From the server, to it, or an event of the broker. */
  readonly direction: "in" | "out" | "event";
  /** The XML, or the name of the event. */
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

/** The options of the trace: where it goes, and whether it holds secrets. */
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

/** The settings of the trace: where it goes, and whether it shows secrets. */
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

/**
 * Writes an entry for a terminal. Characters that a terminal would obey are escaped, and further lines
 * are indented, so that no text of a peer looks like another entry.
 *
 *     2026-11-26T12:00:00.000Z S: <message><body>two
 *         lines</body></message>
 */
export function traceLine({ at, direction, text }: TraceEntry): string {
  const sign = { in: "S:", out: "C:", event: "--" }[direction];
  const shown = printable(text).replaceAll("\n", "\n    ");
  return `${new Date(at).toISOString()} ${sign} ${shown}\n`;
}

/**
 * The texts that the trace hides beside the secrets that it knows by their names.
 *
 * - `none`: no more.
 * - `all`: each text, while authentication goes on.
 * - `errors`: the texts of errors, for the rest of a login that has shown the server a secret.
 * - `secret`: the texts of an error that contains it, after such a login.
 */
export type Secrecy = "none" | "all" | "errors" | { readonly secret: string };

/** How the trace writes an element. */
export interface TraceWriting {
  /** The element's place on the stream, so that it reads as it does on the wire. */
  readonly context: SerializeContext;
  /** True if secrets are shown. */
  readonly secrets: boolean;
  /** The texts that are hidden where secrets are not shown. */
  readonly secrecy: Secrecy;
  /** The text of the element on the wire, where that is known. */
  readonly wire?: string | undefined;
}

/** Writes an element for the trace, without its secrets unless they are asked for. */
export function traceText(element: Element, writing: TraceWriting): string {
  const { context, secrets, secrecy, wire } = writing;
  try {
    const shown = secrets ? element : redact(element, secrecy);
    if (wire !== undefined && shown === element) return wire;
    return serialize(shown, context);
  } catch {
    // Sending such an element fails with an error of its own; the trace adds none.
    return `<${element.name}> (cannot be written)`;
  }
}

/** Makes a copy without secrets. Nearly all elements have none, and are returned themselves. */
export function redact(element: Element, secrecy: Secrecy = "none"): Element {
  return withoutSecrets(element, element.ns, hidesAll(element, secrecy));
}

const REDACTED = "[redacted]";

/** Elements whose text is a secret wherever they stand: passwords, digests, handshakes, tokens. */
const SECRET_ELEMENTS: ReadonlySet<string> = new Set(["password", "digest", "handshake", "token"]);

/** The elements of SASL that carry data (RFC 6120, 6.4). */
const SASL_DATA: ReadonlySet<string> = new Set(["auth", "challenge", "response", "success"]);

/**
 * Attributes whose value is a secret wherever they stand: the password of a room (XEP-0249) or of a
 * relay (XEP-0176, XEP-0215), the token of a fast login (XEP-0484).
 */
const SECRET_ATTRIBUTES = ["password", "pwd", "secret", "token"] as const;

/** HTTP headers that are credentials (XEP-0131, XEP-0332, XEP-0363). */
const SECRET_HEADER = /^(?:(?:proxy-)?authorization|(?:set-)?cookie)$/i;

/** The namespaces of upload slots (XEP-0363), the old one too. */
const UPLOAD = /^urn:xmpp:http:upload(?::|$)/;

/** The query of a URL, into which services put the permission to use the slot. */
const QUERY = /\?[^#\s]+/;

const FORM = "jabber:x:data";

/** Names of secret fields. A form that is sent back need not repeat the type of a field (XEP-0004, 3.2). */
const SECRET_FIELD = /password|secret/i;

function hidesAll(element: Element, secrecy: Secrecy): boolean {
  if (typeof secrecy === "string")
    return secrecy === "all" || (secrecy === "errors" && isError(element));
  return isError(element) && textOf(element).includes(secrecy.secret);
}

/** Recognizes stream errors, error stanzas and failures of stream features. */
function isError({ name, attrs }: Element): boolean {
  return name === "error" || name === "failure" || attrs.type === "error";
}

/** All text in an element, at any depth. */
function textOf(element: Element): string {
  return element.children
    .map((child) => (typeof child === "string" ? child : textOf(child)))
    .join("");
}

/** Tells whether the text of an element is a secret. `ns` is the element's namespace, its own or its parent's. */
function hasSecretText({ name, attrs }: Element, ns: string | undefined): boolean {
  if (SECRET_ELEMENTS.has(name)) return true;
  if (ns === NS.sasl) return SASL_DATA.has(name);
  return name === "header" && SECRET_HEADER.test(attrs.name ?? "");
}

function isSecretField({ name, attrs }: Element, ns: string | undefined): boolean {
  if (name !== "field" || ns !== FORM) return false;
  return attrs.type === "text-private" || SECRET_FIELD.test(attrs.var ?? "");
}

/** True if an element of an upload slot has a URL with a query. */
function hasSlotQuery(element: Element, ns: string | undefined): boolean {
  const { name, attrs } = element;
  if ((name !== "put" && name !== "get") || !UPLOAD.test(ns ?? "")) return false;
  return QUERY.test(attrs.url ?? "") || QUERY.test(element.text());
}

/** Hides the query of the URL in an element of an upload slot. The first version of slots has the URL as text. */
function blankSlotQuery(element: Element): void {
  const hide = (url: string): string => url.replace(QUERY, `?${REDACTED}`);
  if (element.attrs.url !== undefined) element.attrs.url = hide(element.attrs.url);
  element.children = element.children.map((child) =>
    typeof child === "string" ? hide(child) : child,
  );
}

/** The element, or a copy where it holds a secret; `every`: each text in it is one. */
function withoutSecrets(element: Element, ns: string | undefined, every: boolean): Element {
  const attributes = SECRET_ATTRIBUTES.filter((name) => element.attrs[name] !== undefined);
  const hidesText = (every || hasSecretText(element, ns)) && element.text() !== "";
  const hidesQuery = hasSlotQuery(element, ns);
  const hidesAllBelow = every || isSecretField(element, ns);
  const children = element.children.map((child) =>
    typeof child === "string" ? child : withoutSecrets(child, child.ns ?? ns, hidesAllBelow),
  );
  const areSame = children.every((child, index) => child === element.children[index]);
  if (areSame && !hidesText && !hidesQuery && attributes.length === 0) return element;
  const copy = element.clone();
  const elements = children.filter((child) => typeof child !== "string");
  copy.children = hidesText ? [REDACTED, ...elements] : children;
  if (hidesQuery) blankSlotQuery(copy);
  for (const name of attributes) copy.attrs[name] = REDACTED;
  return copy;
}
