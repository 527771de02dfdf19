import { escapeText, escapeValue, ILLEGAL, SPECIAL } from "./escape.ts";
import { partsOf } from "./names.ts";
import { NS } from "./namespaces.ts";

/** What of an element is written. (It is told by its shape, since elements write themselves with this.) */
export interface Writable {
  readonly name: string;
  readonly ns: string | undefined;
  readonly attrs: Readonly<Record<string, string>>;
  readonly prefixes: Readonly<Record<string, string>>;
  readonly children: readonly (Writable | string)[];
}

/** How deep the short way goes. */
const DEEPEST = 64;

/**
 * The short way to write an element, for what nearly all stanzas are: no prefixes but those declared above,
 * no attribute in a namespace but `xml:lang`, nothing illegal. It keeps neither a scope nor a path,
 * and so makes nothing but the text. `undefined`: only the long way knows how to write this, or what is
 * wrong with it and where.
 *
 * `inherited` is what an element without `ns` has here, `written` what one without `xmlns` has,
 * `above` are the prefixes declared.
 */
export function plain(
  element: Writable,
  inherited: string | undefined,
  written: string | undefined,
  above: Readonly<Record<string, string>>,
  depth = 1,
): string | undefined {
  const { name, prefixes, children } = element;
  if (depth > DEEPEST || !isLocalName(name)) return undefined;
  for (const prefix in prefixes) if (prefixes[prefix] !== above[prefix]) return undefined;
  let text = `<${name}`;
  let inner = written;
  const ns = element.ns ?? inherited;
  if (ns !== undefined && ns !== written) {
    if (!isNamespace(ns)) return undefined;
    for (const prefix in above) if (above[prefix] === ns) return undefined;
    text += ` xmlns='${ns}'`;
    inner = ns;
  }
  const attributes = plainAttributes(element.attrs);
  if (attributes === undefined) return undefined;
  if (children.length === 0) return `${text + attributes}/>`;
  text += `${attributes}>`;
  for (const child of children) {
    const inside =
      typeof child === "string" ? plainText(child) : plain(child, ns, inner, above, depth + 1);
    if (inside === undefined) return undefined;
    text += inside;
  }
  return `${text}</${name}>`;
}

function plainAttributes(attrs: Readonly<Record<string, string>>): string | undefined {
  let text = "";
  for (const key of Object.keys(attrs)) {
    const value: unknown = attrs[key];
    if (value === undefined || value === null) continue;
    if (typeof value !== "string") return undefined;
    if (key === "xmlns" || !(key === "xml:lang" || isLocalName(key))) return undefined;
    if (!SPECIAL.test(value)) text += ` ${key}='${value}'`;
    else if (ILLEGAL.test(value)) return undefined;
    else text += ` ${key}='${escapeValue(value)}'`;
  }
  return text;
}

function plainText(text: string): string | undefined {
  if (!SPECIAL.test(text)) return text;
  return ILLEGAL.test(text) ? undefined : escapeText(text);
}

/** What was found to be a local name, or a namespace that may be a default one, lately. */
const localNames = new Set<unknown>();
const namespaces = new Set<unknown>();
/** How many of each are remembered, and how long they may be. */
const REMEMBERED = 1024;
const LONGEST = 256;

function isLocalName(name: unknown): name is string {
  if (localNames.has(name)) return true;
  if (typeof name !== "string" || partsOf(name)?.prefix !== "") return false;
  remember(localNames, name);
  return true;
}

function isNamespace(uri: unknown): uri is string {
  if (namespaces.has(uri)) return true;
  if (typeof uri !== "string" || SPECIAL.test(uri)) return false;
  if (uri === NS.xml || uri === NS.xmlns) return false;
  remember(namespaces, uri);
  return true;
}

function remember(set: Set<unknown>, text: string): void {
  if (text.length > LONGEST) return;
  if (set.size >= REMEMBERED) set.clear();
  // Built anew: what was cut out of a long text would keep all of it alive.
  set.add(Array.from(text).join(""));
}
