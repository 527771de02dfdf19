import {
  Dictionary,
  declaredAround,
  EmptyDictionary,
  rareDictionary,
  unique,
} from "../dictionary.ts";
import { Element, NO_PREFIXES } from "../element.ts";
import type { XmlLimits } from "../limits.ts";
import { faultOfDeclaration, NS } from "../namespaces.ts";
import type { XmlCondition } from "../xml-error.ts";
import { learnNamespace, type Name } from "./names.ts";
import type { StartTag } from "./start-tag.ts";

/** An open element. A frame is used again for the next element at its depth. */
interface Frame {
  element: Element;
  name: Name;
  /** The default namespace inside it. */
  ns: string;
  /** The place of its first child among the waiting ones. */
  children: number;
  /** The prefixes that it declares, each with its meaning outside. */
  undo: readonly Undo[];
}

interface Undo {
  readonly prefix: string;
  readonly before: string | undefined;
}

/** The namespaces that a tag declares. */
interface Declarations {
  /** The default namespace, if the tag declares one. */
  readonly ns: string | undefined;
  readonly prefixes: Readonly<Record<string, string>> | undefined;
  readonly undo: readonly Undo[];
  readonly count: number;
}

const NO_DECLARATIONS: Declarations = { ns: undefined, prefixes: undefined, undo: [], count: 0 };

/** Elements with so many attributes are rare, and their shape is not worth learning. */
const MOST_SHAPED = 16;

/** A fault of the tag that is being read: the limit that it exceeds, or another. */
export type TagFault =
  | [limit: keyof XmlLimits]
  | [condition: XmlCondition, detail: string, found?: string];

/** Ends reading with an error about the tag that is being read. */
export type FailTag = (...fault: TagFault) => never;

const NO_ELEMENT = new Element("", "");

/** Shared by all open elements: an element gets its children when it ends. */
const PENDING: (Element | string)[] = [];

/** Frames, and places for waiting children, that are kept between stanzas. */
const FRAMES_KEPT = 8;
const WAITING_KEPT = 64;

/**
 * Makes elements of tags and texts. It looks up namespaces, refuses declarations that Namespaces in XML
 * forbid, and counts. A prefix is found in the same time at any depth: there is one map, and the end of
 * an element takes back its declarations.
 */
export class TreeBuilder {
  /** The number of open elements. */
  depth = 0;
  /** The number of open elements around a stanza: 1 for the root of a stream, 0 in frames. */
  readonly roots: number;

  readonly #fail: FailTag;
  /** The prefixes that open elements declare. It is made for the first; most streams need none. */
  #scope: Map<string, string> | undefined;
  readonly #contextNs: string;
  /** The prefixes that are declared around stanzas. Each stanza carries them. */
  outer: Readonly<Record<string, string>> = NO_PREFIXES;
  #frames: Frame[] = [];
  /** The children of all open elements so far. The innermost element's are last. */
  #waiting: (Element | string)[] = [];
  #held = 0;
  #elements = 0;

  constructor(
    roots: number,
    ns: string,
    prefixes: Readonly<Record<string, string>>,
    fail: FailTag,
  ) {
    this.roots = roots;
    this.#contextNs = ns;
    this.#fail = fail;
    this.carry(prefixes);
  }

  /** The name of the innermost open element. */
  get openName(): Name | undefined {
    return this.depth === 0 ? undefined : this.#frames[this.depth - 1]?.name;
  }

  /** The stanza that is being read, if its start tag has been read. */
  get stanza(): Element | undefined {
    return this.depth > this.roots ? this.#frames[this.roots]?.element : undefined;
  }

  /** The default namespace within the innermost open element. */
  get namespace(): string {
    return this.depth === 0 ? this.#contextNs : (this.#frames[this.depth - 1]?.ns ?? "");
  }

  /** The default namespace within the root of a stream; before that, and in frames, the context's. */
  get contentNamespace(): string {
    return this.roots === 0 || this.depth === 0 ? this.#contextNs : (this.#frames[0]?.ns ?? "");
  }

  /** Sets the prefixes that every stanza carries, and that are in scope from now on. */
  carry(prefixes: Readonly<Record<string, string>>): void {
    if (Object.keys(prefixes).length === 0) return;
    this.#scope = undefined;
    this.outer = Object.freeze(Object.assign(new Dictionary(), prefixes));
    declaredAround(this.outer, this.outer);
  }

  /** Makes the element of a start tag, and opens it unless it is `empty`. */
  start(tag: StartTag, limits: XmlLimits, empty: boolean): Element {
    const name = tag.element;
    const depth = this.depth;
    const top = depth <= this.roots;
    if (top) this.#elements = 0;
    if (++this.#elements > limits.elements) this.#fail("elements");
    if (depth - this.roots >= limits.depth) this.#fail("depth");
    const declared = tag.declares ? this.#declare(name, tag, limits) : NO_DECLARATIONS;
    const attributes = tag.count - declared.count;
    if (attributes > limits.attributes) this.#fail("attributes");
    const attrs = attributes === 0 ? new EmptyDictionary() : this.#attributesOf(tag);
    const ns = declared.ns ?? tag.namespace ?? this.namespace;
    let prefixes = top ? this.outer : NO_PREFIXES;
    if (declared.prefixes !== undefined) {
      const outer = prefixes;
      prefixes = Object.assign(rareDictionary(), outer, declared.prefixes);
      declaredAround(prefixes, outer);
    }
    const own = name.prefix === "" ? ns : this.#resolve(name);
    const isRoot = depth < this.roots;
    const children = empty || isRoot ? [] : PENDING;
    const element = new Element(name.local, own, attrs, prefixes, children);
    // The root of a stream is not kept while the stream is open: it gets no children.
    // Its namespace is that of all stanzas, which is compared with names of the program again and again.
    if (isRoot) this.#open(NO_ELEMENT, name, unique(ns), NO_DECLARATIONS.undo);
    else if (!empty) this.#open(element, name, ns, declared.undo);
    else {
      if (declared.undo.length > 0) this.#undo(declared.undo);
      if (!top) this.#wait(element);
    }
    return element;
  }

  /** Adds text to the innermost element. */
  text(text: string): void {
    this.#wait(text);
  }

  /** Ends the innermost element and returns it with its children. */
  end(): Element {
    const frame = this.#frames[--this.depth];
    if (frame === undefined) return NO_ELEMENT;
    const { element } = frame;
    if (this.#held > frame.children) this.#adopt(element, frame.children);
    else element.children = [];
    if (frame.undo.length > 0) this.#undo(frame.undo);
    frame.element = NO_ELEMENT;
    if (this.depth > this.roots) this.#wait(element);
    else if (this.#frames.length > FRAMES_KEPT) this.#frames.length = FRAMES_KEPT;
    return element;
  }

  /** Lets go of everything. */
  clear(): void {
    this.depth = 0;
    this.#held = 0;
    this.#frames = [];
    this.#waiting = [];
    this.#scope = undefined;
  }

  #open(element: Element, name: Name, ns: string, undo: readonly Undo[]): void {
    const frame = this.#frames[this.depth++];
    if (frame === undefined) {
      this.#frames.push({ element, name, ns, children: this.#held, undo });
      return;
    }
    frame.element = element;
    frame.name = name;
    frame.ns = ns;
    frame.children = this.#held;
    frame.undo = undo;
  }

  #wait(child: Element | string): void {
    this.#waiting[this.#held++] = child;
  }

  /** Gives an element its children, in an array of exactly their number. (`push` would make room for 17.) */
  #adopt(element: Element, from: number): void {
    const waiting = this.#waiting;
    const first = waiting[from] ?? "";
    if (this.#held === from + 1) element.children = [first];
    else if (this.#held === from + 2) element.children = [first, waiting[from + 1] ?? ""];
    else element.children = waiting.slice(from, this.#held);
    // The children must not be kept alive from here.
    for (let i = from; i < this.#held; i++) waiting[i] = "";
    if (from === 0 && waiting.length > WAITING_KEPT) this.#waiting = [];
    this.#held = from;
  }

  /** The attributes of a tag, once its declarations are in scope. */
  #attributesOf({ names, values, count, areKept }: StartTag): Record<string, string> {
    let isRare = !areKept || count >= MOST_SHAPED;
    let attrs = isRare ? rareDictionary() : new Dictionary();
    let twice: Name | undefined;
    for (let k = 0; k < count; k++) {
      const name = names[k];
      if (name === undefined || name.declares) continue;
      let key = name.local;
      if (name.prefix !== "") {
        const uri = this.#resolve(name);
        if (name.uri !== uri) {
          if (!isRare) attrs = Object.assign(rareDictionary(), attrs);
          isRare = true;
          name.uri = uri;
          name.key = uri === NS.xml ? `xml:${name.local}` : `{${uri}}${name.local}`;
        }
        ({ key } = name);
      }
      if (key in attrs) twice ??= name;
      attrs[key] = values[k] ?? "";
    }
    if (twice !== undefined) this.#failTwice(twice);
    return attrs;
  }

  #resolve(name: Name): string {
    // No declaration can change the meaning of this prefix.
    if (name.prefix === "xml") return NS.xml;
    return (
      this.#scope?.get(name.prefix) ??
      this.outer[name.prefix] ??
      this.#fail("bad-namespace-prefix", "an undeclared prefix", name.qualified)
    );
  }

  /** Brings the declarations of a tag into scope. */
  #declare(element: Name, tag: StartTag, limits: XmlLimits): Declarations {
    let ns: string | undefined;
    let prefixes: Record<string, string> | undefined;
    const undo: Undo[] = [];
    let count = 0;
    const { names, values } = tag;
    for (let k = 0; k < tag.count; k++) {
      const name = names[k];
      if (name === undefined || !name.declares) continue;
      count++;
      const prefix = name.prefix === "" ? "" : name.local;
      const uri = values[k] ?? "";
      const fault = faultOfDeclaration(prefix, uri);
      if (fault !== undefined) this.#fail("bad-namespace-prefix", fault);
      if (prefix === "") {
        if (ns !== undefined || tag.namespace !== undefined) this.#failTwice(name);
        const known = learnNamespace(uri);
        ns = known?.uri ?? uri;
        if (known !== undefined) element.namespace = known;
      } else {
        prefixes ??= rareDictionary();
        if (prefix in prefixes) this.#failTwice(name);
        const kept = learnNamespace(uri)?.uri ?? uri;
        prefixes[prefix] = kept;
        this.#scope ??= new Map();
        undo.push({ prefix, before: this.#scope.get(prefix) });
        this.#scope.set(prefix, kept);
      }
    }
    if (count + (tag.namespace === undefined ? 0 : 1) > limits.declarations) {
      this.#fail("declarations");
    }
    return { ns, prefixes, undo, count };
  }

  #undo(undo: readonly Undo[]): void {
    for (const { prefix, before } of undo) {
      if (before === undefined) this.#scope?.delete(prefix);
      else this.#scope?.set(prefix, before);
    }
  }

  #failTwice(name: Name): never {
    return this.#fail("not-well-formed", "an attribute twice", name.qualified);
  }
}
