import { oneOf } from "../../base/check.ts";
import { BrokerError } from "../../base/errors.ts";
import { Element, NO_PREFIXES } from "../element.ts";
import { takesFastPath } from "../fast-path.ts";
import { LIMITS, settleLimits, type XmlLimits } from "../limits.ts";
import { NS } from "../namespaces.ts";
import { XmlError } from "../xml-error.ts";
import { CLASS, isCharacter, SPACE, sequenceLength } from "./bytes/characters.ts";
import { Cursor } from "./cursor.ts";
import { readDeclaration } from "./declaration.ts";
import { hasTagEnd, keepTag, lastTag, readEndTag, readStartTag } from "./tags.ts";
import { readCdata, readText } from "./text.ts";
import { readWholeStanza } from "./whole-stanza.ts";

/** How a `StreamParser` reads. */
export interface StreamParserOptions {
  /** Changes to `LIMITS`. */
  readonly limits?: Partial<XmlLimits> | undefined;
  /**
   * `"stream"` (the default): the input is one long document, as on TCP, and its root stays open.
   * `"frame"`: each chunk is a whole frame with exactly one complete element, as on WebSocket (RFC 7395).
   * A frame of only white space is skipped.
   */
  readonly framing?: "stream" | "frame" | undefined;
  /**
   * True if another stream came before this one on the same connection. White space at the beginning
   * belongs to that stream and is skipped, so an XML declaration may follow it. Default: false, and then
   * the declaration must be the very first bytes.
   */
  readonly restarted?: boolean | undefined;
  /** The default namespace and the prefixes that are declared around the document. Default: none. */
  readonly context?: ParserContext | undefined;
}

/** The declarations around a document that is parsed. */
export interface ParserContext {
  /** The namespace of element names without a prefix. Default: none. */
  readonly ns?: string | undefined;
  /** Prefix → namespace, beside `xml`, which is always bound. Default: none. */
  readonly prefixes?: Readonly<Record<string, string>> | undefined;
}

// Constants of this module, as in `tags.ts`.
const tag = lastTag;
const CUT = 0;
const BANG = 0x21;
const SLASH = 0x2f;
const LT = 0x3c;
const GT = 0x3e;
const QUESTION = 0x3f;

/** A large chunk is read in pieces of this size. */
const PIECE = 65_536;
/** With fewer bytes left, the short way to read a stanza would most likely meet the cut. */
const WORTH_WHILE = 300;
/** The most stanzas that are read the long way before the short one is tried again. */
const LONGEST_DETOUR = 63;

const NO_BYTES = new Uint8Array();

/** Stands for an element: the root's end tag was read. */
const CLOSED = new Element("", "");

/** How a stream ended: by its closing tag, or by an error. */
export type StreamEnd = "closed" | XmlError;

/**
 * Reads XML as RFC 6120, section 11, restricts it, from bytes cut anywhere. The parser is pulled:
 * `feed` only takes bytes, and each `read` parses one thing and leaves the rest of the chunk as it is.
 * So the owner may change the limits, or stop, between two elements of one chunk. Where the bytes were
 * cut never changes what is read.
 *
 * How it works: bytes are copied to a slab that ends in a 0 byte, and every loop stops there. A text
 * that was cut is read on from the cut. A tag that was cut is read again from its `<` once its end has
 * come; so a tag is read at most twice, and reading needs no state within it. A stanza that has come as
 * a whole is tried the short way first (`whole-stanza.ts`).
 */
export class StreamParser {
  readonly #frames: boolean;
  readonly #restarted: boolean;
  readonly #cursor: Cursor;

  /** `"closing"`: the header was an empty tag, so the next `read` closes the stream. */
  #state: "open" | "closing" | StreamEnd = "open";
  /** True if no more chunks are taken: `finish` or `stop` was called, or an error ended the stream. */
  #finished = false;
  /** Chunks that wait until everything before them has been read. */
  #queue: Uint8Array[] = [];
  /** The part of a large chunk that is not in the slab yet. */
  #rest: Uint8Array = NO_BYTES;
  /** True if the slab holds bytes that may be read now. False: more bytes are needed. */
  #unread = false;
  /** True if there is something to do once the slab is read: a chunk waits, or `finish` was called. */
  #isPending = false;
  /** The element that the last token completed, or `CLOSED`. */
  #complete: Element | undefined;

  /** The offset in the stream where the document starts. */
  #document = 0;
  /** The number of root elements in this document. */
  #roots = 0;
  /** Bytes of white space since the last stanza. */
  #space = 0;
  /** The number of stanzas that are read the long way before the short one is tried again. */
  #detour = 0;
  /** The next detour, if the short way does not suit the next stanza either. */
  #nextDetour = 0;

  constructor(options: StreamParserOptions = {}) {
    const limits = settleLimits(LIMITS, options.limits);
    const { framing = "stream", context = {}, restarted = false } = options;
    this.#frames = oneOf("framing", framing, ["stream", "frame"]) === "frame";
    this.#restarted = oneOf("restarted", restarted, [true, false]);
    const { ns = "", prefixes = NO_PREFIXES } = context;
    if ("xmlns" in prefixes || (prefixes.xml ?? NS.xml) !== NS.xml) {
      throw new BrokerError(
        "BAD_OPTION",
        "context.prefixes must leave `xml` and `xmlns` as they are",
      );
    }
    this.#cursor = new Cursor(limits, this.#frames ? 0 : 1, ns, prefixes);
  }

  /** How the stream ended: by its closing tag or by an error. Undefined while it goes on, or was stopped. */
  get end(): StreamEnd | undefined {
    const state = this.#state;
    return state === "open" || state === "closing" ? undefined : state;
  }

  /**
   * True if every byte has been read and nothing is begun: no unread or unfinished element, and no
   * white space or other byte behind the last element.
   */
  get idle(): boolean {
    return !this.#unread && !this.#isPending && this.#space === 0 && this.#cursor.isComplete();
  }

  /** The default namespace that the stream header declares for what follows; `""` for none, or before the header. */
  get contentNamespace(): string {
    return this.#cursor.builder.contentNamespace;
  }

  /**
   * Takes a chunk of UTF-8. Nothing is parsed yet. The bytes are copied, so the caller may use the array
   * again at once. Chunks may be fed while others are unread. The parser sets no bound on them: feed
   * no more before `read` has returned undefined, or pause what feeds it.
   */
  feed(bytes: Uint8Array): void {
    if (this.#finished || bytes.length === 0) return;
    if (this.#unread || this.#isPending) {
      this.#queue.push(bytes.slice());
      this.#isPending = true;
    } else this.#take(bytes.length > PIECE ? bytes.slice() : bytes);
  }

  /**
   * The next thing of the stream: first the header (an element without children), then one child of the
   * root with each call. In frames: one element with each call. Undefined: no whole element is there
   * and more bytes are needed, or the stream has ended (`end` says how). Never throws for what the peer sent.
   */
  read(): Element | undefined {
    if (!this.#unread && !this.#isPending) return undefined;
    try {
      return this.#read();
    } catch (thrown) {
      if (!(thrown instanceof XmlError)) throw thrown;
      this.stop();
      this.#state = thrown;
      return undefined;
    }
  }

  /**
   * Says that no more will come. Once all has been read, an unfinished tag or element is an error; an
   * open stream between stanzas is not.
   */
  finish(): void {
    this.#finished = this.#isPending = true;
  }

  /** Stops: nothing is read any more, and everything held is let go. */
  stop(): void {
    if (this.#state === "closing") this.#state = "open";
    this.#finished = true;
    this.#unread = this.#isPending = false;
    this.#queue = [];
    this.#rest = NO_BYTES;
    this.#cursor.clear();
  }

  /** Changes limits from the next `read` on, also for a stanza that is half read. Throws `BAD_OPTION`. */
  setLimits(limits: Partial<XmlLimits>): void {
    this.#cursor.limits = settleLimits(this.#cursor.limits, limits);
  }

  // From chunks to the slab.

  #read(): Element | undefined {
    if (this.#state === "closing") {
      this.#closeRoot();
      return undefined;
    }
    const cursor = this.#cursor;
    for (;;) {
      if (this.#unread) {
        const element = this.#readTokens();
        // With nothing left the slab goes back at once: the owner may not read again for a while.
        if (element === undefined || cursor.at === cursor.slab.end) this.#settle();
        if (element !== undefined) return element === CLOSED ? undefined : element;
      }
      if (!this.#isPending) return undefined;
      this.#takeNext();
    }
  }

  /** Puts the next bytes that wait into the slab, or ends where none will come. */
  #takeNext(): void {
    const { length } = this.#rest;
    const next = length > 0 ? this.#rest : this.#queue.shift();
    if (next === undefined) {
      this.#isPending = false;
      if (!this.#finished) return;
      this.#checkEnd("the input ends too early");
      this.stop();
    } else if (length > 0) this.#takePiece(next);
    else this.#take(next);
  }

  #take(chunk: Uint8Array): void {
    if (this.#frames) {
      this.#document = this.#cursor.base + this.#cursor.slab.end;
      this.#roots = 0;
    }
    this.#takePiece(chunk);
  }

  #takePiece(bytes: Uint8Array): void {
    if (bytes.length <= PIECE) {
      this.#cursor.append(bytes);
      this.#rest = NO_BYTES;
    } else {
      this.#cursor.append(bytes.subarray(0, PIECE));
      this.#rest = bytes.subarray(PIECE);
      this.#isPending = true;
    }
    this.#unread = true;
  }

  /** Ends the reading of a slab: checks its unfinished rest, and gives back memory. */
  #settle(): void {
    this.#unread = false;
    this.#checkRest();
    this.#cursor.tidy();
    if (this.#frames && this.#rest.length === 0) this.#checkEnd("the frame ends too early");
  }

  /** Bounds a rest that cannot be read yet. */
  #checkRest(): void {
    const cursor = this.#cursor;
    const isTag = cursor.token === "tag";
    const inStanza = cursor.inStanza();
    if (!isTag && !inStanza) return;
    const { at, base, limits, slab } = cursor;
    if (isTag && slab.end - at > limits.tag) this.#readLastTag();
    if (base + slab.end - (inStanza ? cursor.stanza : base + at) > limits.bytes) {
      this.#readLastTag();
      cursor.checkLength(slab.end);
    }
  }

  /** Fails if something is unfinished where no more will come. */
  #checkEnd(detail: string): void {
    const cursor = this.#cursor;
    this.#readLastTag();
    if (!cursor.isComplete()) cursor.malformed(detail, cursor.slab.end);
  }

  /** Finds the fault of a tag that was cut and whose end will not come. */
  #readLastTag(): void {
    const cursor = this.#cursor;
    if (cursor.token !== "tag") return;
    if (cursor.slab.bytes[cursor.at + 1] === SLASH) readEndTag(cursor);
    else readStartTag(cursor);
    const most = cursor.at + cursor.limits.tag;
    if (cursor.slab.end > most) cursor.checkLength(most);
  }

  // From the slab to elements. Each function reads one token and returns whether it was whole.

  /** Reads on until an element is complete or the stream has closed. Undefined: no whole token is left. */
  #readTokens(): Element | undefined {
    const cursor = this.#cursor;
    const { slab } = cursor;
    const { bytes } = slab;
    let whole = cursor.token === "none" || this.#readOn();
    while (whole && this.#complete === undefined && cursor.at < slab.end) {
      const { at } = cursor;
      if (bytes[at] !== LT) whole = cursor.inStanza() ? readText(cursor, false) : this.#readSpace();
      else {
        const second = bytes[at + 1];
        if (at + 1 >= slab.end) whole = false;
        else if (second === SLASH) whole = this.#readEndTag();
        else if (second === BANG) whole = readCdata(cursor);
        else if (second === QUESTION) whole = readDeclaration(cursor, this.#document);
        else {
          const stanza = this.#readWholeStanza();
          if (stanza !== undefined) return stanza;
          whole = this.#readStartTag();
        }
      }
    }
    const complete = this.#complete;
    this.#complete = undefined;
    return complete;
  }

  /**
   * Tries the short way to read a stanza, where it is likely to succeed: not for the rest of a chunk that
   * ends within a stanza, and not for a while after stanzas that did not suit it.
   *
   *     <message><body>Hello</body></message>
   *     ^
   */
  #readWholeStanza(): Element | undefined {
    const cursor = this.#cursor;
    const { at, builder, slab } = cursor;
    if (builder.depth !== builder.roots || !takesFastPath) return undefined;
    if (slab.end - at < WORTH_WHILE && slab.bytes[slab.end - 1] !== GT) return undefined;
    if (this.#frames && this.#roots > 0) return undefined;
    if (this.#detour > 0) {
      this.#detour--;
      return undefined;
    }
    const { namespace, outer } = builder;
    const element = readWholeStanza(slab, at, namespace, outer, cursor.limits);
    if (element === undefined) {
      this.#detour = this.#nextDetour;
      this.#nextDetour = Math.min(2 * this.#nextDetour + 1, LONGEST_DETOUR);
      return undefined;
    }
    this.#nextDetour = 0;
    if (this.#frames) this.#roots++;
    cursor.at = slab.taken;
    this.#space = 0;
    return element;
  }

  /** Goes on with a token that was cut. */
  #readOn(): boolean {
    const cursor = this.#cursor;
    if (cursor.token === "cdata") return readText(cursor, true);
    if (!hasTagEnd(cursor)) return false;
    return cursor.slab.bytes[cursor.at + 1] === SLASH ? this.#readEndTag() : this.#readStartTag();
  }

  /**
   * Reads white space between stanzas.
   *
   *     </message> <presence/>
   *               ^
   */
  #readSpace(): boolean {
    const cursor = this.#cursor;
    const { bytes, end } = cursor.slab;
    let i = cursor.at;
    while (CLASS[bytes[i] ?? 0] === SPACE) i++;
    this.#space += i - cursor.at;
    // The space is the last of the stream before: this document begins behind it.
    if (this.#restarted && this.#roots === 0 && cursor.base + cursor.at === this.#document) {
      this.#document = cursor.base + i;
    }
    const over = this.#space - cursor.limits.space;
    if (over > 0) cursor.exceed("space", i - over);
    cursor.at = i;
    if (i >= end || bytes[i] === LT) return true;
    const byte = bytes[i] ?? 0;
    if (byte >= 0x80) {
      const length = sequenceLength(bytes, i, end);
      if (length === 0) return false;
      if (length < 0) cursor.failUtf8(i, i - length - 1);
    } else if (!isCharacter(byte)) cursor.failCharacter(i);
    return cursor.failText(i, i);
  }

  #readStartTag(): boolean {
    const cursor = this.#cursor;
    const after = readStartTag(cursor);
    if (after === CUT) keepTag(cursor);
    else this.#startElement(after);
    return after !== CUT;
  }

  #readEndTag(): boolean {
    const cursor = this.#cursor;
    const after = readEndTag(cursor);
    if (after === CUT) keepTag(cursor);
    else this.#endElement(after);
    return after !== CUT;
  }

  /** Opens the element of `tag`, whose end is before `after`. */
  #startElement(after: number): void {
    const cursor = this.#cursor;
    const { builder } = cursor;
    const { depth, roots } = builder;
    const isEmpty = tag.isEmpty;
    this.#checkTag(after);
    if (depth <= roots) {
      cursor.stanza = cursor.base + cursor.at;
      cursor.content = cursor.base + after;
    }
    if (cursor.text !== "") cursor.endText();
    if (depth === 0 && this.#roots++ > 0) {
      const condition = this.#frames ? "invalid-xml" : "not-well-formed";
      cursor.fail(condition, "a second root", cursor.at, after - 1);
    }
    const element = builder.start(tag, cursor.limits, isEmpty && depth >= roots);
    if (depth < roots || (isEmpty && depth === roots)) this.#checkStanza(after);
    cursor.at = after;
    cursor.token = "none";
    if (depth < roots) {
      builder.carry(element.prefixes);
      if (isEmpty) {
        this.#state = "closing";
        this.#isPending = true;
      }
      this.#deliver(element);
    } else if (isEmpty && depth === roots) this.#deliver(element);
  }

  #endElement(after: number): void {
    const cursor = this.#cursor;
    const { builder } = cursor;
    const isStanza = builder.depth === builder.roots + 1;
    this.#checkTag(after);
    if (isStanza) this.#checkStanza(after);
    if (cursor.text !== "") cursor.endText();
    cursor.at = after;
    cursor.token = "none";
    if (builder.depth === builder.roots) {
      this.#closeRoot();
      this.#deliver(CLOSED);
      return;
    }
    const element = builder.end();
    if (isStanza) this.#deliver(element);
  }

  #deliver(element: Element): void {
    this.#space = 0;
    this.#complete = element;
  }

  #closeRoot(): void {
    this.#cursor.builder.end();
    this.#state = "closed";
  }

  #checkTag(after: number): void {
    const cursor = this.#cursor;
    cursor.reach = after - 1;
    if (after - cursor.at > cursor.limits.tag) cursor.checkLength(after - 1);
  }

  #checkStanza(after: number): void {
    const cursor = this.#cursor;
    if (cursor.base + after - cursor.stanza > cursor.limits.bytes) cursor.checkLength(after - 1);
  }
}
