import { BrokerError } from "../../base/errors.ts";
import { exceedsBytes } from "../../base/text/utf8.ts";
import { NO_PREFIXES } from "../dictionary.ts";
import { takesFastPath } from "../fast-path.ts";
import { ILLEGAL } from "../illegal.ts";
import { DEEPEST } from "../limits.ts";
import { faultOfDeclaration, NS } from "../namespaces.ts";
import { isNcName, partsOf } from "../qname.ts";
import { escapeText, escapeValue, isGoodText, isGoodValue } from "./escape.ts";
import { isWritable, plain, type Writable } from "./plain.ts";

export type { Writable } from "./plain.ts";

/** The namespace and prefixes that are in scope where an element is written. */
export interface SerializeContext {
  /**
   * The default namespace there, such as `jabber:client` on a client's stream. Undefined (the default):
   * it is unknown, so every namespace is written.
   */
  readonly ns?: string | undefined;
  /** The prefixes that are declared there, such as `stream`. Elements in their namespaces get them. */
  readonly prefixes?: Readonly<Record<string, string>> | undefined;
}

/** The place where an element is written, and the most bytes of its text. */
export interface SerializeOptions extends SerializeContext {
  /** The most bytes of the text in UTF-8. Default: no bound. A longer text ends in `TOO_LARGE`. */
  readonly maxBytes?: number | undefined;
}

/**
 * Writes an element as XML text that is legal in a stream. Throws `ILLEGAL_XML` with the place in the
 * tree for illegal characters, lone surrogates, bad names, undeclared or misused prefixes, and trees
 * deeper than 1,024. Throws `TOO_LARGE` beyond `maxBytes`. The element is not changed.
 *
 * An element without `ns` is in its parent's namespace, the root in the context's.
 */
export function serialize(element: Writable, options: SerializeOptions = NO_OPTIONS): string {
  if (takesFastPath && options.maxBytes === undefined) {
    const text = plain(element, options.ns, options.prefixes ?? NO_PREFIXES);
    if (text !== undefined) return text;
  }
  return new Writer(options).write(element);
}

const NO_OPTIONS: SerializeOptions = Object.freeze({});

/**
 * Writes a start tag alone, such as a stream header, as strictly as `serialize`. `name` may have a
 * prefix that `attrs` declares (`xmlns:stream`). Attributes are written in the given order; those that
 * are undefined are left out.
 *
 * @example openTag("stream:stream", { xmlns: "jabber:client", "xmlns:stream": NS.stream, to: "example.net" })
 */
export function openTag(
  name: string,
  attrs: Readonly<Record<string, string | undefined>> = {},
): string {
  const declared = (prefix: string) =>
    prefix === "" || prefix === "xml" || attrs[`xmlns:${prefix}`] !== undefined;
  const path = `/${name}`;
  const parts = partsOf(name);
  if (parts === undefined || parts.prefix === "xmlns") throw illegal(path, "a bad name");
  if (!declared(parts.prefix)) throw illegal(path, "an undeclared prefix");
  const expanded = new Set<string>();
  let text = `<${name}`;
  for (const [key, value] of Object.entries(attrs)) {
    if (value === undefined) continue;
    const at = `${path}/@${key}`;
    const attribute = partsOf(key);
    if (attribute === undefined) throw illegal(at, "a bad name");
    const { prefix, local } = attribute;
    if (key === "xmlns") checkDeclaration("", value, at);
    else if (prefix === "xmlns") checkDeclaration(local, value, at);
    else if (!declared(prefix)) throw illegal(at, "an undeclared prefix");
    else if (prefix !== "") {
      const whole = `{${attrs[`xmlns:${prefix}`] ?? NS.xml}}${local}`;
      if (expanded.has(whole)) throw illegal(at, "an attribute twice");
      expanded.add(whole);
    }
    text += ` ${key}='${escapeValue(legal(value, at))}'`;
  }
  return `${text}>`;
}

/** The prefixes and namespaces in scope at one place of the tree. */
class Scope {
  readonly #uris = new Map<string, string>([["xml", NS.xml]]);
  readonly #prefixes = new Map<string, string[]>([[NS.xml, ["xml"]]]);

  uri(prefix: string): string | undefined {
    return this.#uris.get(prefix);
  }

  /** Finds a prefix of a namespace. */
  prefix(uri: string): string | undefined {
    return this.#prefixes.get(uri)?.findLast((prefix) => this.#uris.get(prefix) === uri);
  }

  /** Declares a prefix. Returns its meaning before. */
  declare(prefix: string, uri: string): string | undefined {
    const before = this.#uris.get(prefix);
    this.#uris.set(prefix, uri);
    const prefixes = this.#prefixes.get(uri);
    if (prefixes === undefined) this.#prefixes.set(uri, [prefix]);
    else prefixes.push(prefix);
    return before;
  }

  undo(prefix: string, before: string | undefined): void {
    this.#prefixes.get(this.#uris.get(prefix) ?? "")?.pop();
    if (before === undefined) this.#uris.delete(prefix);
    else this.#uris.set(prefix, before);
  }
}

class Writer {
  readonly #scope = new Scope();
  readonly #contextNs: string | undefined;
  /** The prefixes of the context by namespace. Elements may be written with these. */
  readonly #spelling = new Map<string, string>([[NS.xml, "xml"]]);
  readonly #maxBytes: number;
  #out = "";
  /** The names from the root to the element that is written, for errors. */
  readonly #path: string[] = [];

  constructor(options: SerializeOptions) {
    this.#contextNs = options.ns;
    this.#maxBytes = options.maxBytes ?? Number.POSITIVE_INFINITY;
    for (const [prefix, uri] of Object.entries(options.prefixes ?? {})) {
      this.#scope.declare(prefix, uri);
      this.#spelling.set(uri, prefix);
    }
  }

  write(element: Writable): string {
    this.#element(element, this.#contextNs, this.#contextNs);
    this.#checkSize();
    return this.#out;
  }

  /** `inherited` is the namespace of an element without `ns` here, `written` of a tag without `xmlns`. */
  #element(element: Writable, inherited: string | undefined, written: string | undefined): void {
    const { name } = element;
    this.#path.push(name);
    mustNotBeDeeper(this.#path.length);
    if (typeof name !== "string" || partsOf(name)?.prefix !== "") throw this.#illegal("a bad name");

    const undo: [string, string | undefined][] = [];
    let declarations = "";
    for (const prefix of Object.keys(element.prefixes)) {
      const uri = element.prefixes[prefix] ?? "";
      if (this.#scope.uri(prefix) === uri) continue;
      if (!isNcName(prefix)) throw this.#illegal("a bad prefix", `@xmlns:${prefix}`);
      checkDeclaration(prefix, uri, this.#place(`@xmlns:${prefix}`));
      undo.push([prefix, this.#scope.declare(prefix, uri)]);
      declarations += ` xmlns:${prefix}='${this.#value(uri, `@xmlns:${prefix}`)}'`;
    }

    const ns = element.ns ?? inherited;
    let tag = name;
    let inner = written;
    if (ns !== undefined && ns !== written) {
      const prefix = this.#spelling.get(ns);
      if (prefix !== undefined && this.#scope.uri(prefix) === ns) tag = `${prefix}:${name}`;
      else {
        checkDeclaration("", ns, this.#place("@xmlns"));
        this.#out += `<${name} xmlns='${this.#value(ns, "@xmlns")}'`;
        inner = ns;
      }
    }
    if (inner === written) this.#out += `<${tag}`;
    this.#out += declarations;
    this.#attributes(element, undo);

    if (element.children.length === 0) this.#out += "/>";
    else {
      this.#out += ">";
      for (const child of element.children) {
        if (typeof child === "string") this.#out += this.#content(child);
        else if (isWritable(child)) this.#element(child, ns, inner);
        else throw this.#illegal("a child that is neither element nor text");
      }
      this.#out += `</${tag}>`;
    }
    for (const [prefix, before] of undo.reverse()) this.#scope.undo(prefix, before);
    this.#path.pop();
    if (this.#out.length > this.#maxBytes) this.#checkSize();
  }

  #attributes(element: Writable, undo: [string, string | undefined][]): void {
    let expanded: Set<string> | undefined;
    for (const key of Object.keys(element.attrs)) {
      const value = element.attrs[key] as unknown;
      if (value === undefined || value === null) continue;
      let spelt = key;
      if (!isPlain(key)) {
        spelt = this.#attributeName(key, undo);
        const prefix = spelt.slice(0, spelt.indexOf(":"));
        const name = `{${this.#scope.uri(prefix) ?? ""}}${spelt.slice(prefix.length + 1)}`;
        expanded ??= new Set();
        if (expanded.has(name)) throw this.#illegal("an attribute twice", `@${key}`);
        expanded.add(name);
      }
      if (typeof value !== "string") throw this.#illegal("a value that is not a string", `@${key}`);
      this.#out += ` ${spelt}='${this.#value(value, `@${key}`)}'`;
    }
  }

  /** Spells `xml:lang`, `p:name` or `{uri}name` as an attribute, and declares a prefix if necessary. */
  #attributeName(key: string, undo: [string, string | undefined][]): string {
    if (!key.startsWith("{")) {
      const name = partsOf(key);
      if (name === undefined || key === "xmlns") {
        throw this.#illegal("a bad name", `@${key}`);
      }
      if (this.#scope.uri(name.prefix) === undefined) {
        throw this.#illegal("an undeclared prefix", `@${key}`);
      }
      return key;
    }
    const close = key.lastIndexOf("}");
    const uri = key.slice(1, close);
    const local = key.slice(close + 1);
    if (uri === "" || uri === NS.xmlns || !isNcName(local)) {
      throw this.#illegal("a bad name", `@${key}`);
    }
    const known = this.#scope.prefix(uri);
    if (known !== undefined) return `${known}:${local}`;
    let n = 1;
    while (this.#scope.uri(`ns${n}`) !== undefined) n++;
    const prefix = `ns${n}`;
    undo.push([prefix, this.#scope.declare(prefix, uri)]);
    this.#out += ` xmlns:${prefix}='${this.#value(uri, `@${key}`)}'`;
    return `${prefix}:${local}`;
  }

  #value(value: string, place: string): string {
    return isGoodValue(value) ? value : escapeValue(legal(value, this.#place(place)));
  }

  #checkSize(): void {
    if (!exceedsBytes(this.#out, this.#maxBytes)) return;
    throw new BrokerError("TOO_LARGE", `more than ${this.#maxBytes} bytes`);
  }

  #content(text: string): string {
    return isGoodText(text) ? text : escapeText(legal(text, this.#place("text()")));
  }

  /** The place in the tree, such as `/message/body/@id`. */
  #place(inside?: string): string {
    return `/${this.#path.join("/")}${inside === undefined ? "" : `/${inside}`}`;
  }

  #illegal(what: string, inside?: string): BrokerError {
    return illegal(this.#place(inside), what);
  }
}

/** Throws `ILLEGAL_XML` beyond the deepest legal tree. So an element that contains itself ends there. */
export function mustNotBeDeeper(depth: number): void {
  if (depth <= DEEPEST) return;
  throw new BrokerError("ILLEGAL_XML", `elements are nested more than ${DEEPEST} deep`);
}

/** Returns a text whose characters are all legal, or throws with its place. */
function legal(text: string, place: string): string {
  const at = text.search(ILLEGAL);
  if (at < 0) return text;
  const code = text.charCodeAt(at).toString(16).toUpperCase().padStart(4, "0");
  throw illegal(place, `the character U+${code}`);
}

/** Refuses a declaration that is not allowed. */
function checkDeclaration(prefix: string, uri: string, place: string): void {
  const fault = faultOfDeclaration(prefix, uri);
  if (fault !== undefined) throw illegal(place, fault);
}

/** True if the key of an attribute is only a local name. */
function isPlain(key: string): boolean {
  return key !== "xmlns" && partsOf(key)?.prefix === "";
}

function illegal(place: string, what: string): BrokerError {
  return new BrokerError("ILLEGAL_XML", `${what} at ${place}`);
}
