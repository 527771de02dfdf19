import { oneOf } from "../../base/check.ts";
import { BrokerError } from "../../base/errors.ts";
import { Element, NO_PREFIXES } from "../element.ts";
import { takesFastPath } from "../fast-path.ts";
import { LIMITS, settleLimits, type XmlLimits } from "../limits.ts";
import { NS } from "../namespaces.ts";
import { isQName } from "../qname.ts";
import { exceededText, type XmlCondition, XmlError } from "../xml-error.ts";
import { CLASS, foreignEnd, isCharacter, NAME, SPACE, sequenceLength } from "./characters.ts";
import { hashOn, knownName, learnName, makeRoom, type Name, NOBODY, SEED } from "./names.ts";
import { readReference } from "./references.ts";
import { textStop, valueStop } from "./scan.ts";
import {
  FOREIGN,
  LINES,
  lease,
  leaseLittle,
  NO_SLAB,
  REFERENCES,
  release,
  type Slab,
  SMALL,
} from "./slab.ts";
import { StartTag } from "./start-tag.ts";
import { TreeBuilder } from "./tree-builder.ts";
import { readWholeStanza } from "./whole-stanza.ts";

/** How a `StreamParser` reads. */
export interface StreamParserOptions {
  /** Changes to `LIMITS`. */
  readonly limits?: Partial<XmlLimits> | undefined;
  /**
   * `"stream"` (the default): one long document whose root is opened, as on TCP. `"frame"`: each chunk
   * is one whole frame with exactly one complete element in it, as on WebSocket (RFC 7395). A frame of
   * only white space is skipped.
   */
  readonly framing?: "stream" | "frame" | undefined;
  /**
   * Whether another stream ended before this one on the same connection. Leading white space belongs
   * to that stream and is skipped, so an XML declaration may follow it. Default: false, and then the
   * declaration must be the very first bytes.
   */
  readonly restarted?: boolean | undefined;
  /** What is declared around the document: a default namespace, prefixes. By default nothing. */
  readonly context?: ParserContext | undefined;
}

/** What stands around the document that is parsed. */
export interface ParserContext {
  /** The namespace of element names without a prefix. Default: none. */
  readonly ns?: string | undefined;
  /** Prefix → namespace, beside `xml`, which is always bound. Default: none. */
  readonly prefixes?: Readonly<Record<string, string>> | undefined;
}

const CR = 0x0d;
const BLANK = 0x20;
const BANG = 0x21;
const QUOTE = 0x22;
const HASH = 0x23;
const AMP = 0x26;
const APOSTROPHE = 0x27;
const SLASH = 0x2f;
const SEMICOLON = 0x3b;
const LT = 0x3c;
const EQUALS = 0x3d;
const GT = 0x3e;
const QUESTION = 0x3f;
const CLOSE_BRACKET = 0x5d;

/** Instead of a place in the buffer: what is needed to go on has not arrived. */
const CUT = 0;

/** A large write is read in pieces of this size. */
const PIECE = 65_536;
/** An unfinished text is cut into strings of at least this size, so that no bytes pile up. */
const FLUSH = 4096;
/** No legal reference is longer, unless it is padded with zeros. */
const LONGEST_REFERENCE = 24;
const LONGEST_DECLARATION = 256;
/** With less than so many bytes left, the short way to read a stanza most likely meets their end. */
const WORTH_WHILE = 300;
/** Stanzas, at most, that are read the long way before the short one is tried again. */
const LONGEST_DETOUR = 63;

const CDATA = "<![CDATA[";
const DECLARATION_START = "<?xml ";
const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:'1\.([0-9]+)'|"1\.([0-9]+)")(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:'([A-Za-z][\w.-]*)'|"([A-Za-z][\w.-]*)"))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:'(?:yes|no)'|"(?:yes|no)"))?[ \t\r\n]*\?>$/;

const tag = new StartTag();

const NO_BYTES = new Uint8Array();

/** Instead of an element: the root's end tag was read. */
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
  readonly #builder: TreeBuilder;
  #limits: XmlLimits;

  /** `"closing"`: the header was an empty tag, so the next `read` closes the stream. */
  #state: "open" | "closing" | StreamEnd = "open";
  /** Whether no more chunks are taken: `finish` or `stop` was called, or an error ended the stream. */
  #finished = false;
  /** Chunks that wait until everything before them has been read. */
  #queue: Uint8Array[] = [];
  /** The part of a large chunk that is not in the slab yet. */
  #rest: Uint8Array = NO_BYTES;
  /** Whether the slab holds bytes that may be read now. False: more bytes are needed. */
  #unread = false;
  /** Whether there is something to do once the slab is read: a chunk waits, or `finish` was called. */
  #isPending = false;
  /** The element that the last token completed, or `CLOSED`. */
  #complete: Element | undefined;

  #slab: Slab = NO_SLAB;
  /** Where the token being read starts in the slab. */
  #at = 0;
  /** The offset in the stream of the slab's first byte. */
  #base = 0;

  #token: "none" | "tag" | "cdata" = "none";
  /** Where reading goes on within a text, CDATA section or tag that was cut. */
  #resume = 0;
  /** What is known of a text that was cut: flags. */
  #flags = 0;
  /** Within a tag that was cut: the quote that is open, or 0. */
  #quote = 0;
  /** The last byte of the tag that is being judged. */
  #reach = 0;
  /** The hash of the name that was scanned last. */
  #hash = 0;
  /** The name that was read last. */
  #name: Name = NOBODY;
  /** Text of the innermost element that has not become a child yet. */
  #text = "";

  /** Offsets in the stream: where the document, and where the stanza starts. */
  #document = 0;
  #stanza = 0;
  /** The offset in the stream where the stanza's start tag ends. */
  #content = 0;
  /** Bytes of white space since the last stanza. */
  #space = 0;
  /** So many stanzas are read the long way before the short one is tried again. */
  #detour = 0;
  /** And so many will be, if the next is not for it either. */
  #odd = 0;
  /** Root elements in this document. */
  #roots = 0;

  constructor(options: StreamParserOptions = {}) {
    this.#limits = settleLimits(LIMITS, options.limits);
    const { framing = "stream", context = {}, restarted = false } = options;
    this.#frames = oneOf("framing", framing, ["stream", "frame"]) === "frame";
    this.#restarted = restarted;
    const { ns = "", prefixes = NO_PREFIXES } = context;
    if ("xmlns" in prefixes || (prefixes.xml ?? NS.xml) !== NS.xml) {
      throw new BrokerError(
        "BAD_OPTION",
        "context.prefixes must leave `xml` and `xmlns` as they are",
      );
    }
    this.#builder = new TreeBuilder(this.#frames ? 0 : 1, ns, prefixes, (fault) =>
      typeof fault === "string"
        ? this.#exceed(fault, this.#at, this.#reach)
        : this.#fail(fault.condition, fault.detail, this.#at, this.#reach, fault.found),
    );
  }

  /** How the stream ended: by its closing tag or by an error. Undefined while it goes on, or was stopped. */
  get end(): StreamEnd | undefined {
    const state = this.#state;
    return state === "open" || state === "closing" ? undefined : state;
  }

  /**
   * Whether every byte has been read and nothing is begun: no unread or unfinished element, and no
   * white space or other byte behind the last element.
   */
  get idle(): boolean {
    return !this.#unread && !this.#isPending && this.#space === 0 && this.#isComplete();
  }

  /** The default namespace that the stream header declares for what follows; `""` for none, or before the header. */
  get contentNamespace(): string {
    return this.#builder.contentNamespace;
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
    this.#at = this.#slab.end;
    this.#change(NO_SLAB);
    this.#token = "none";
    this.#unread = this.#isPending = false;
    this.#queue = [];
    this.#rest = NO_BYTES;
    this.#text = "";
    this.#builder.clear();
  }

  /** Changes limits from the next `read` on, also for a stanza that is half read. Ends in `BAD_OPTION` for what is no limit. */
  setLimits(limits: Partial<XmlLimits>): void {
    this.#limits = settleLimits(this.#limits, limits);
  }

  /** (No getter: V8 calls private ones by way of its runtime.) */
  #inStanza(): boolean {
    return this.#builder.depth > this.#builder.roots;
  }

  /** Whether nothing is unfinished. */
  #isComplete(): boolean {
    return !this.#inStanza() && this.#token === "none" && this.#at === this.#slab.end;
  }

  // Input: from chunks to a slab.

  #read(): Element | undefined {
    if (this.#state === "closing") {
      this.#closeRoot();
      return undefined;
    }
    for (;;) {
      if (this.#unread) {
        const element = this.#readTokens();
        // With nothing left the slab goes back at once: the owner may not read again for a while.
        if (element === undefined || this.#at === this.#slab.end) this.#settle();
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
      this.#finish("the input ends too early");
      this.stop();
    } else if (length > 0) this.#takePiece(next);
    else this.#take(next);
  }

  #take(chunk: Uint8Array): void {
    if (this.#frames) {
      this.#document = this.#base + this.#slab.end;
      this.#roots = 0;
    }
    this.#takePiece(chunk);
  }

  #takePiece(bytes: Uint8Array): void {
    if (bytes.length <= PIECE) {
      this.#append(bytes);
      this.#rest = NO_BYTES;
    } else {
      this.#append(bytes.subarray(0, PIECE));
      this.#rest = bytes.subarray(PIECE);
      this.#isPending = true;
    }
    this.#unread = true;
  }

  /** The slab has been read to its end: judges what is unfinished, and gives back memory. */
  #settle(): void {
    this.#unread = false;
    this.#checkUnfinished();
    const held = this.#slab.end - this.#at;
    if (held === 0) this.#change(NO_SLAB);
    else if (8 * held < this.#slab.size && this.#slab.size > SMALL) {
      // What is unfinished and little moves out of a large slab, which others can use then.
      this.#change(leaseLittle(2 * held));
    }
    if (this.#frames && this.#rest.length === 0) this.#finish("the frame ends too early");
  }

  /** Puts bytes behind those that are held. */
  #append(data: Uint8Array): void {
    const slab = this.#slab;
    if (slab.end + data.length > slab.size) {
      const needed = slab.end - this.#at + data.length;
      this.#change(needed <= slab.size ? slab : lease(needed));
    }
    this.#slab.append(data);
  }

  /** Moves what is held to the beginning of a slab, which may be the same. */
  #change(to: Slab): void {
    const from = this.#slab;
    to.takeOver(from, this.#at);
    if (from !== to && from !== NO_SLAB) release(from);
    this.#slab = to;
    this.#base += this.#at;
    this.#resume -= this.#at;
    this.#at = 0;
  }

  /** Bounds what cannot be read yet. */
  #checkUnfinished(): void {
    const cut = this.#token === "tag";
    if (cut && this.#slab.end - this.#at > this.#limits.tag) this.#readLastTag();
    if (!this.#inStanza() && !cut) return;
    const start = this.#inStanza() ? this.#stanza : this.#base + this.#at;
    if (this.#base + this.#slab.end - start > this.#limits.bytes) {
      this.#readLastTag();
      this.#checkLength(this.#slab.end);
    }
  }

  /** No more will come: is anything unfinished? */
  #finish(detail: string): void {
    this.#readLastTag();
    if (!this.#isComplete()) this.#fail("not-well-formed", detail, this.#slab.end);
  }

  // Tokens: each reads one, and returns whether it has got it whole.

  /** Reads on until an element is complete or the stream has closed. Undefined: the slab holds no more whole tokens. */
  #readTokens(): Element | undefined {
    let whole = this.#token === "none" || this.#readOn();
    while (whole && this.#complete === undefined && this.#at < this.#slab.end) {
      const { bytes } = this.#slab;
      if (bytes[this.#at] !== LT)
        whole = this.#inStanza() ? this.#readText(false) : this.#readSpace();
      else {
        const second = bytes[this.#at + 1];
        if (this.#at + 1 >= this.#slab.end) whole = false;
        else if (second === SLASH) whole = this.#readEndTag() || this.#cutTag();
        else if (second === BANG) whole = this.#readCdataStart();
        else if (second === QUESTION) whole = this.#readDeclaration();
        else {
          const stanza = this.#readWholeStanza();
          if (stanza !== undefined) return stanza;
          whole = this.#readStartTag() || this.#cutTag();
        }
      }
    }
    const complete = this.#complete;
    this.#complete = undefined;
    return complete;
  }

  /**
   * The short way, where it is likely to come to an end: it is not taken for what is left of a chunk, nor, for
   * a while, when stanza after stanza turned out not to be for it.
   *
   *     <message><body>Hello</body></message>
   *     ^
   */
  #readWholeStanza(): Element | undefined {
    const builder = this.#builder;
    const slab = this.#slab;
    if (builder.depth !== builder.roots || !takesFastPath) return undefined;
    if (slab.end - this.#at < WORTH_WHILE && slab.bytes[slab.end - 1] !== GT) return undefined;
    if (this.#frames && this.#roots > 0) return undefined;
    if (this.#detour > 0) {
      this.#detour--;
      return undefined;
    }
    const { namespace, outer } = builder;
    const element = readWholeStanza(slab, this.#at, namespace, outer, this.#limits, tag);
    if (element === undefined) {
      this.#detour = this.#odd;
      this.#odd = Math.min(2 * this.#odd + 1, LONGEST_DETOUR);
      return undefined;
    }
    this.#odd = 0;
    if (this.#frames) this.#roots++;
    this.#at = slab.taken;
    this.#space = 0;
    return element;
  }

  /** Goes on with a token that was cut. */
  #readOn(): boolean {
    if (this.#token === "cdata") return this.#readText(true);
    return this.#findTagEnd() && this.#readTag();
  }

  /**
   * White space between stanzas.
   *
   *     </message> <presence/>
   *               ^
   */
  #readSpace(): boolean {
    const { bytes } = this.#slab;
    let i = this.#at;
    while (CLASS[bytes[i] ?? 0] === SPACE) i++;
    this.#space += i - this.#at;
    // The space is the last of the stream before: this document begins behind it.
    if (this.#restarted && this.#roots === 0 && this.#base + this.#at === this.#document) {
      this.#document = this.#base + i;
    }
    const over = this.#space - this.#limits.space;
    if (over > 0) this.#exceed("space", i - over);
    this.#at = i;
    if (i >= this.#slab.end || bytes[i] === LT) return true;
    const byte = bytes[i] ?? 0;
    if (byte >= 0x80) {
      const length = sequenceLength(bytes, i, this.#slab.end);
      if (length === 0) return false;
      if (length < 0) this.#failUtf8(i, i - length - 1);
    } else if (!isCharacter(byte)) this.#failCharacter(i);
    return this.#failText(i, i);
  }

  /**
   * Text in a stanza, or in a CDATA section, where `<` and `&` mean themselves.
   *
   *     <body>Romeo &amp; Juliet</body>     <![CDATA[1 < 2]]>
   *           ^                                      ^
   */
  #readText(cdata: boolean): boolean {
    const { bytes, view } = this.#slab;
    const start = this.#at;
    let i = start;
    let flags = 0;
    if (this.#resume > start) {
      i = this.#resume;
      flags = this.#flags;
    }
    for (;;) {
      i = textStop(view, i);
      const byte = bytes[i] ?? 0;
      if (byte === LT && !cdata) {
        this.#takeTextTo(i, flags);
        return true;
      }
      if (byte >= 0x80) {
        flags |= FOREIGN;
        i = this.#foreignEnd(i);
        if ((bytes[i] ?? 0) >= 0x80) break;
      } else if (byte === AMP && !cdata) {
        const after = this.#readReference(i);
        if (after === CUT) break;
        flags |= REFERENCES;
        i = after;
      } else if (byte === GT) {
        if (i >= start + 2 && bytes[i - 1] === CLOSE_BRACKET && bytes[i - 2] === CLOSE_BRACKET) {
          if (!cdata) this.#fail("not-well-formed", "`]]>` in text", i - 2, i);
          this.#takeTextTo(i - 2, flags);
          this.#at = i + 1;
          this.#token = "none";
          return true;
        }
        i++;
      } else if (i >= this.#slab.end) break;
      else {
        if (!isCharacter(byte)) this.#failCharacter(i);
        if (byte === CR) flags |= LINES;
        // Line ends seldom come alone.
        for (i++; CLASS[bytes[i] ?? 0] === SPACE; i++) if (bytes[i] === CR) flags |= LINES;
      }
    }
    this.#keepText(i, flags);
    return false;
  }

  /**
   * A text was cut. What is longer becomes a string at once; what may belong to what follows stays: a
   * CR before an LF, two brackets before a `>`.
   */
  #keepText(to: number, flags: number): void {
    const { bytes } = this.#slab;
    let safe = to;
    while (safe > this.#at && safe > to - 2) {
      const byte = bytes[safe - 1];
      if (byte !== CR && byte !== CLOSE_BRACKET) break;
      safe--;
    }
    if (safe - this.#at >= FLUSH) {
      this.#takeTextTo(safe, flags);
      flags = LINES;
    }
    this.#resume = to;
    this.#flags = flags;
  }

  /** Adds what stands from `#at` to `to` to the text of the innermost element. */
  #takeTextTo(to: number, flags: number): void {
    const text = this.#slab.text(this.#at, to, flags, false);
    this.#text = this.#text === "" ? text : this.#text + text;
    this.#at = to;
  }

  /** Characters beyond ASCII: where they end, or where one is cut. */
  #foreignEnd(from: number): number {
    const { bytes, end } = this.#slab;
    const i = foreignEnd(bytes, from, end);
    if ((bytes[i] ?? 0) >= 0x80) {
      const length = sequenceLength(bytes, i, end);
      if (length < 0) this.#failUtf8(i, i - length - 1);
    }
    return i;
  }

  /**
   * A reference, checked in place.
   *
   *     &amp;   &#10;   &#x1F339;
   *     ^
   *
   * Returns where it ends.
   */
  #readReference(from: number): number {
    const { bytes } = this.#slab;
    let i = from + 1;
    for (; bytes[i] !== SEMICOLON; i++) {
      const byte = bytes[i] ?? 0;
      if (i >= this.#slab.end) return CUT;
      if (((CLASS[byte] ?? 0) & NAME) === 0 && (byte !== HASH || i !== from + 1)) {
        this.#fail("not-well-formed", "a bare `&`", from, i);
      }
      if (i - from >= LONGEST_REFERENCE) {
        this.#fail("restricted-xml", "a reference to an entity", from, i);
      }
    }
    const reference = readReference(bytes, from, i);
    if (typeof reference === "number") return i + 1;
    this.#checkForeign(from, i);
    switch (reference) {
      case "syntax":
        return this.#fail("not-well-formed", "a bad reference", from, i);
      case "character":
        return this.#fail("not-well-formed", "a reference to an illegal character", from, i);
      case "entity":
        return this.#fail("restricted-xml", "a reference to an entity", from, i);
    }
  }

  /**
   * Of what begins so, only CDATA is legal, and only in a stanza.
   *
   *     <![CDATA[      <!DOCTYPE      <!--
   *     ^
   */
  #readCdataStart(): boolean {
    const { bytes } = this.#slab;
    for (let k = 2; k < CDATA.length; k++) {
      if (this.#at + k >= this.#slab.end) return false;
      if (bytes[this.#at + k] !== CDATA.charCodeAt(k)) {
        this.#fail("restricted-xml", "a comment or declaration", this.#at, this.#at + k);
      }
    }
    const after = this.#at + CDATA.length;
    if (!this.#inStanza()) this.#failText(this.#at, after - 1);
    this.#at = after;
    this.#token = "cdata";
    return this.#readText(true);
  }

  /**
   * Legal only as the very first thing.
   *
   *     <?xml version='1.0' encoding='UTF-8'?>
   *     ^
   */
  #readDeclaration(): boolean {
    const { bytes } = this.#slab;
    const from = this.#at;
    if (this.#base + from !== this.#document) {
      this.#fail("restricted-xml", "a processing instruction", from, from + 1);
    }
    for (let k = 2; k < DECLARATION_START.length; k++) {
      const byte = bytes[from + k] ?? 0;
      if (from + k >= this.#slab.end) return false;
      const wanted = DECLARATION_START.charCodeAt(k);
      if (byte === QUESTION) this.#fail("not-well-formed", "a bad XML declaration", from, from + k);
      if (byte !== wanted && (wanted !== 0x20 || CLASS[byte] !== SPACE)) {
        this.#fail("restricted-xml", "a processing instruction", from, from + k);
      }
    }
    let i = from + DECLARATION_START.length;
    for (; bytes[i] !== GT || bytes[i - 1] !== QUESTION; i++) {
      if (i >= this.#slab.end) return false;
      if (i - from >= LONGEST_DECLARATION) {
        this.#fail("policy-violation", "a long XML declaration", i);
      }
    }
    this.#checkForeign(from, i);
    const parts = DECLARATION.exec(this.#slab.utf8(from, i + 1));
    if (parts === null) return this.#fail("not-well-formed", "a bad XML declaration", from, i);
    if ((parts[1] ?? parts[2]) !== "0") {
      this.#fail("restricted-xml", "a version of XML that is not 1.0", from, i);
    }
    if ((parts[3] ?? parts[4] ?? "utf-8").toLowerCase() !== "utf-8") {
      this.#fail("unsupported-encoding", "an encoding that is not UTF-8", from, i);
    }
    this.#at = i + 1;
    return true;
  }

  /**
   * A tag was cut. Nobody reads it again before its end has come, so that it costs no more when it
   * comes byte by byte.
   *
   *     <message to='romeo@exam
   *                            ^
   */
  #findTagEnd(): boolean {
    const { bytes, end } = this.#slab;
    let quote = this.#quote;
    let i = this.#resume;
    for (; i < end; i++) {
      const byte = bytes[i];
      if (quote !== 0) {
        if (byte === quote) quote = 0;
      } else if (byte === GT) return true;
      else if (byte === QUOTE || byte === APOSTROPHE) quote = byte;
    }
    this.#resume = i;
    this.#quote = quote;
    return false;
  }

  /** Reads a tag that was cut. */
  #readTag(): boolean {
    return this.#slab.bytes[this.#at + 1] === SLASH ? this.#readEndTag() : this.#readStartTag();
  }

  /** Finds what is wrong with a tag that was cut and whose end will not come. */
  #readLastTag(): void {
    if (this.#token !== "tag") return;
    this.#readTag();
    const most = this.#at + this.#limits.tag;
    if (this.#slab.end > most) this.#checkLength(most);
  }

  #cutTag(): false {
    this.#token = "tag";
    this.#resume = this.#at + 1;
    this.#quote = 0;
    this.#findTagEnd();
    return false;
  }

  /**
   *     <message to='romeo@example.net' xmlns='jabber:client'>
   *     ^
   */
  #readStartTag(): boolean {
    const { bytes } = this.#slab;
    if (makeRoom()) tag.element = NOBODY;
    let i = this.#readElementName(this.#at + 1);
    if (i === CUT) return false;
    const name = this.#name;
    tag.begin(name);
    for (;;) {
      const gap = i;
      while (CLASS[bytes[i] ?? 0] === SPACE) i++;
      const byte = bytes[i];
      if (byte === GT) {
        this.#startElement(name, i + 1, false);
        return true;
      }
      if (i >= this.#slab.end) return false;
      if (byte === SLASH) break;
      i = this.#readAttribute(i, i > gap);
      if (i === CUT) return false;
    }
    if (i + 1 >= this.#slab.end) return false;
    if (bytes[i + 1] !== GT) this.#fail("not-well-formed", "`/` without `>`", i, i + 1);
    this.#startElement(name, i + 2, true);
    return true;
  }

  /** Reads the name of a start tag, likely that of one that followed the last one's before. */
  #readElementName(from: number): number {
    const { bytes, view } = this.#slab;
    let name = tag.element.follower;
    let stands = name.literal.standsAt(view, from);
    if (!stands) {
      name = tag.element.otherFollower;
      stands = name.literal.standsAt(view, from);
    }
    const { length } = name.literal;
    const to = from + length;
    // (What other streams have taught is no more than this one's limits allow.)
    if (length > this.#limits.name) stands = false;
    if (stands && to < this.#slab.end && ((CLASS[bytes[to] ?? 0] ?? 0) & NAME) === 0) {
      this.#name = name;
      return to;
    }
    const after = this.#readName(from);
    if (after !== CUT) tag.element.expectFollower(this.#name);
    return after;
  }

  /**
   *     to='romeo@example.net'
   *     ^
   *
   * Returns where it ends.
   */
  #readAttribute(from: number, spaced: boolean): number {
    const { bytes } = this.#slab;
    if (!spaced && ((CLASS[bytes[from] ?? 0] ?? 0) & NAME) !== 0) {
      this.#fail("not-well-formed", "no space before an attribute", from);
    }
    let i = this.#readName(from);
    if (i === CUT) return CUT;
    const name = this.#name;
    tag.last.expectNext(name);
    tag.last = name;
    while (CLASS[bytes[i] ?? 0] === SPACE) i++;
    if (i >= this.#slab.end) return CUT;
    if (bytes[i] !== EQUALS) this.#fail("not-well-formed", "an attribute without a value", i);
    i++;
    while (CLASS[bytes[i] ?? 0] === SPACE) i++;
    if (i >= this.#slab.end) return CUT;
    const quote = bytes[i];
    if (quote !== QUOTE && quote !== APOSTROPHE) {
      return this.#fail("not-well-formed", "a value without quotes", i);
    }
    const start = i + 1;
    if (name.isDefault) {
      const close = this.#guessNamespace(start, quote);
      if (close !== CUT) return close + 1;
    }
    return this.#readValue(name, start, quote);
  }

  /**
   * Nearly always it is the namespace that the last element of this name had. Returns where the
   * closing quote stands, or 0 if it is another.
   *
   *     <body xmlns='jabber:client'>
   *                  ^
   */
  #guessNamespace(start: number, quote: number): number {
    if (tag.namespace !== undefined) return CUT;
    const { bytes, view } = this.#slab;
    let guess = tag.element.namespace;
    let close = start + guess.literal.length;
    if (close >= this.#slab.end || bytes[close] !== quote || !guess.literal.standsAt(view, start)) {
      guess = tag.element.otherNamespace;
      close = start + guess.literal.length;
      if (
        close >= this.#slab.end ||
        bytes[close] !== quote ||
        !guess.literal.standsAt(view, start)
      ) {
        return CUT;
      }
    }
    tag.namespace = guess.uri;
    return close;
  }

  /**
   *     to='romeo@example.net'
   *         ^
   *
   * Returns where the attribute ends.
   */
  #readValue(name: Name, start: number, quote: number): number {
    const { bytes, view } = this.#slab;
    let i = start;
    let flags = 0;
    for (;;) {
      i = valueStop(view, i);
      const byte = bytes[i] ?? 0;
      if (byte === quote) {
        tag.add(name, this.#slab.text(start, i, flags, true));
        return i + 1;
      }
      if (byte >= 0x80) {
        flags |= FOREIGN;
        i = this.#foreignEnd(i);
        if ((bytes[i] ?? 0) >= 0x80) return CUT;
      } else if (byte === AMP) {
        flags |= REFERENCES;
        i = this.#readReference(i);
        if (i === CUT) return CUT;
      } else if (byte === LT) this.#fail("not-well-formed", "`<` in an attribute", i);
      else if (i >= this.#slab.end) return CUT;
      else {
        if (byte < BLANK) {
          if (CLASS[byte] !== SPACE) this.#failCharacter(i);
          flags |= LINES;
        }
        // Quotes of the other kind, and line ends, seldom come alone.
        do i++;
        while (bytes[i] === byte);
      }
    }
  }

  /** Reads a name, which is in `#name` then. Returns where it ends. */
  #readName(from: number): number {
    const to = this.#scanName(from);
    if (to === CUT) return CUT;
    const { view } = this.#slab;
    const hash = this.#hash;
    this.#name = knownName(view, from, to - from, hash) ?? this.#newName(from, to, hash);
    return to;
  }

  /** Finds where a name ends, and its hash. */
  #scanName(from: number): number {
    const { bytes } = this.#slab;
    let i = from;
    let hash = SEED;
    let byte = bytes[i] ?? 0;
    while (((CLASS[byte] ?? 0) & NAME) !== 0) {
      hash = hashOn(hash, byte);
      byte = bytes[++i] ?? 0;
    }
    const most = this.#limits.name;
    if (i - from > most) this.#exceed("name", from + most);
    if (i >= this.#slab.end) return CUT;
    if (i === from) this.#fail("not-well-formed", "a character that starts no name", i);
    this.#hash = hash;
    return i;
  }

  #newName(from: number, to: number, hash: number): Name {
    const ascii = this.#checkForeign(from, to);
    const text = ascii ? this.#slab.ascii(from, to) : this.#slab.utf8(from, to);
    return learnName(text, hash) ?? this.#fail("not-well-formed", "a bad name", from, to);
  }

  /** Bytes that end before an ASCII byte must be UTF-8: whether they are no more than ASCII. */
  #checkForeign(from: number, to: number): boolean {
    const { bytes } = this.#slab;
    let ascii = true;
    for (let i = from; i < to; i++) {
      if ((bytes[i] ?? 0) < 0x80) continue;
      ascii = false;
      const length = sequenceLength(bytes, i, this.#slab.end);
      if (length <= 0) this.#failUtf8(i, to);
      i += length - 1;
    }
    return ascii;
  }

  // What a tag does.

  #startElement(name: Name, after: number, empty: boolean): void {
    const builder = this.#builder;
    const { depth, roots } = builder;
    this.#checkTag(after);
    if (depth <= roots) {
      this.#stanza = this.#base + this.#at;
      this.#content = this.#base + after;
    }
    if (this.#text !== "") this.#endText();
    if (depth === 0 && this.#roots++ > 0) {
      this.#fail(
        this.#frames ? "invalid-xml" : "not-well-formed",
        "a second root",
        this.#at,
        after - 1,
      );
    }
    const element = builder.start(name, tag, this.#limits, empty && depth >= roots);
    if (depth < roots || (empty && depth === roots)) this.#checkStanza(after);
    this.#at = after;
    this.#token = "none";
    if (depth < roots) {
      builder.carry(element.prefixes);
      if (empty) {
        this.#state = "closing";
        this.#isPending = true;
      }
      this.#deliver(element);
    } else if (empty && depth === roots) this.#deliver(element);
  }

  #endElement(after: number): void {
    const builder = this.#builder;
    const top = builder.depth === builder.roots + 1;
    this.#checkTag(after);
    if (top) this.#checkStanza(after);
    if (this.#text !== "") this.#endText();
    this.#at = after;
    this.#token = "none";
    if (builder.depth === builder.roots) {
      this.#closeRoot();
      this.#deliver(CLOSED);
      return;
    }
    const element = builder.end();
    if (top) this.#deliver(element);
  }

  #deliver(element: Element): void {
    this.#space = 0;
    this.#complete = element;
  }

  #closeRoot(): void {
    this.#builder.end();
    this.#state = "closed";
  }

  #endText(): void {
    this.#builder.text(this.#text);
    this.#text = "";
  }

  /**
   *     </body>
   *     ^
   */
  #readEndTag(): boolean {
    const { bytes, view } = this.#slab;
    const from = this.#at + 2;
    const open = this.#builder.openName;
    if (open !== undefined && open.id >= 0) {
      const { literal } = open;
      const to = from + literal.length;
      if (to < this.#slab.end && bytes[to] === GT && literal.standsAt(view, from)) {
        this.#endElement(to + 1);
        return true;
      }
    }
    return this.#readOddEndTag(open);
  }

  /** An end tag with a space in it, or a wrong one. */
  #readOddEndTag(open: Name | undefined): boolean {
    const { bytes } = this.#slab;
    const from = this.#at + 2;
    let i = this.#scanName(from);
    if (i === CUT) return false;
    const to = i;
    this.#checkForeign(from, to);
    while (CLASS[bytes[i] ?? 0] === SPACE) i++;
    if (i >= this.#slab.end) return false;
    if (bytes[i] !== GT) this.#fail("not-well-formed", "an end tag with more in it", i);
    const qualified = this.#slab.utf8(from, to);
    if (qualified !== open?.qualified) {
      const what = isQName(qualified) ? "an end tag that ends nothing" : "a bad name";
      this.#fail("not-well-formed", what, this.#at, i, "another name");
    }
    this.#endElement(i + 1);
    return true;
  }

  // Faults.

  #checkTag(after: number): void {
    this.#reach = after - 1;
    if (after - this.#at > this.#limits.tag) this.#checkLength(after - 1);
  }

  #checkStanza(after: number): void {
    if (this.#base + after - this.#stanza > this.#limits.bytes) {
      this.#checkLength(after - 1);
    }
  }

  /** Text, or what means text, where only white space may be. */
  #failText(at: number, reach: number): never {
    return this.#builder.depth === 0
      ? this.#fail("not-well-formed", "text outside the root element", at, reach)
      : this.#fail("invalid-xml", "text between stanzas", at, reach);
  }

  #failCharacter(at: number): never {
    return this.#fail("not-well-formed", "an illegal character", at);
  }

  #failUtf8(at: number, reach: number): never {
    const { bytes } = this.#slab;
    // U+FFFE and U+FFFF are UTF-8, but no characters.
    const noncharacter = bytes[at] === 0xef && bytes[at + 1] === 0xbf;
    const what = noncharacter ? "an illegal character" : "bytes that are not UTF-8";
    return this.#fail("not-well-formed", what, at, reach);
  }

  /**
   * Ends reading. `at` is the place of the fault, `reach` the byte that shows it. A tag or stanza that
   * was too long before that byte is the fault instead, so the cuts in the bytes change nothing.
   */
  #fail(condition: XmlCondition, detail: string, at: number, reach = at, found?: string): never {
    this.#checkLength(reach);
    throw new XmlError(condition, detail, this.#base + at, found ?? this.#found(at));
  }

  /** Ends reading at a limit. */
  #exceed(limit: keyof XmlLimits, at: number, reach = at): never {
    this.#checkLength(reach);
    throw this.#exceeded(limit, at, this.#found(at));
  }

  /** Ends reading if a tag or stanza is too long with the byte at `reach`. */
  #checkLength(reach: number): void {
    const { bytes, tag } = this.#limits;
    let limit: keyof XmlLimits = "bytes";
    let end = Number.POSITIVE_INFINITY;
    if (this.#inStanza()) end = this.#stanza - this.#base + bytes;
    if (this.#slab.bytes[this.#at] === LT && this.#token !== "cdata") {
      if (!this.#inStanza()) end = this.#at + bytes;
      if (this.#at + tag <= end) {
        limit = "tag";
        end = this.#at + tag;
      }
    }
    if (reach >= end) throw this.#exceeded(limit, end, "more of it");
  }

  /** The stanza is named only where its start tag ends before the limit: so the cuts change nothing. */
  #exceeded(limit: keyof XmlLimits, at: number, found: string): XmlError {
    const offset = this.#base + at;
    const stanza = offset >= this.#content ? this.#builder.stanza : undefined;
    const exceeded = {
      limit,
      most: this.#limits[limit],
      stanza: stanza?.name,
      from: stanza?.attrs.from,
    };
    return new XmlError("policy-violation", exceededText(exceeded), offset, found, false, exceeded);
  }

  #found(at: number): string {
    return describe(this.#slab.bytes, at, this.#slab.end);
  }
}

/** Says what stands at a place, but no more of it than one byte. */
function describe(bytes: Uint8Array, at: number, end: number): string {
  if (at >= end) return "the end of the input";
  const byte = bytes[at] ?? 0;
  if (byte > 0x20 && byte < 0x7f) return `\`${String.fromCharCode(byte)}\``;
  return `0x${byte.toString(16).padStart(2, "0").toUpperCase()}`;
}
