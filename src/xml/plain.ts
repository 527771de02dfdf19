import { ownOf } from "./dictionary.ts";
import { escapeText, escapeValue, ILLEGAL, isGoodText, isGoodValue } from "./escape.ts";
import { partsOf, unique } from "./names.ts";
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
  const { prefixes, children } = element;
  // `for in` makes no list of the keys: a tenth of the time.
  const attrs = ownOf(element.attrs);
  const name = spellingOf(element.name);
  if (depth > DEEPEST || name === undefined) return undefined;
  for (const prefix in prefixes) if (prefixes[prefix] !== above[prefix]) return undefined;
  let text = name.open;
  // The quote of the value written last: it goes out together with what follows.
  let quote = "";
  let inner = written;
  const ns = element.ns ?? inherited;
  if (ns !== undefined && ns !== written) {
    const declaration = declarationOf(ns);
    if (declaration === undefined) return undefined;
    for (const prefix in above) if (above[prefix] === ns) return undefined;
    text += declaration;
    quote = "'";
    inner = ns;
  }
  for (const key in attrs) {
    const value: unknown = attrs[key];
    if (value === undefined || value === null) continue;
    const spelling = key === "xml:lang" ? LANG : spellingOf(key);
    if (typeof value !== "string" || spelling === undefined || key === "xmlns") return undefined;
    text += quote === "" ? spelling.first : spelling.next;
    quote = "'";
    if (isGoodValue(value)) text += value;
    else if (ILLEGAL.test(value)) return undefined;
    else text += escapeValue(value);
  }
  if (children.length === 0) return text + (quote === "" ? "/>" : "'/>");
  text += quote === "" ? ">" : "'>";
  for (const child of children) {
    const inside =
      typeof child === "string" ? plainText(child) : plain(child, ns, inner, above, depth + 1);
    if (inside === undefined) return undefined;
    text += inside;
  }
  return text + name.close;
}

function plainText(text: string): string | undefined {
  if (isGoodText(text)) return text;
  return ILLEGAL.test(text) ? undefined : escapeText(text);
}

/** A local name as it is written, as an element's and as an attribute's: whole pieces cost less than parts of them. */
interface Spelling {
  readonly open: string;
  readonly close: string;
  /** The first attribute of a tag, and one after another's value. */
  readonly first: string;
  readonly next: string;
}

const spelt = (name: string): Spelling => ({
  open: `<${name}`,
  close: `</${name}>`,
  first: ` ${name}='`,
  next: `' ${name}='`,
});

const LANG = spelt("xml:lang");

/** What was found to be a local name, or a namespace that may be a default one, lately. */
const spellings = new Map<unknown, Spelling>();
const declarations = new Map<unknown, string>();
/** How many of each are remembered, and how long they may be. */
const REMEMBERED = 1024;
const LONGEST = 256;

function spellingOf(name: unknown): Spelling | undefined {
  const known = spellings.get(name);
  if (known !== undefined) return known;
  if (typeof name !== "string" || partsOf(name)?.prefix !== "") return undefined;
  return remember(spellings, name, spelt(name));
}

/** The declaration of a default namespace, but for the last quote. */
function declarationOf(uri: unknown): string | undefined {
  const known = declarations.get(uri);
  if (known !== undefined) return known;
  if (typeof uri !== "string" || !isGoodValue(uri)) return undefined;
  if (uri === NS.xml || uri === NS.xmlns) return undefined;
  return remember(declarations, uri, ` xmlns='${uri}`);
}

function remember<T>(map: Map<unknown, T>, text: string, spelling: T): T {
  if (text.length > LONGEST) return spelling;
  if (map.size >= REMEMBERED) map.clear();
  map.set(unique(text), spelling);
  return spelling;
}
