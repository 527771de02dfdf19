import { badOption, oneOf } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import { CLASS, foreignEnd, isCharacter, NAME, SPACE, sequenceLength } from "./characters.ts";
import { type Element, NO_PREFIXES } from "./element.ts";
import { LIMITS, settleLimits, type XmlLimits } from "./limits.ts";
import {
  hashOn,
  isQName,
  knownName,
  learnName,
  makeRoom,
  type Name,
  NOBODY,
  SEED,
} from "./names.ts";
import { NS } from "./namespaces.ts";
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
import { type XmlCondition, XmlError } from "./xml-error.ts";

/** What a `StreamParser` calls back for, in the order of the stream. */
export interface StreamParserEvents {
  /**
   * The stream has opened: its root with attributes, prefixes and namespace, without children, and
   * the default namespace that it declares for what follows.
   */
  open(header: Element, contentNamespace: string): void;
  /** One complete element: a child of the root, or in frames the root itself. */
  element(element: Element): void;
  /** The root's end tag. Only white space may follow. */
  close(): void;
  /** What arrived cannot be read on. Called once; the parser is deaf afterwards. */
  error(error: XmlError): void;
}

/** How a `StreamParser` reads. */
export interface StreamParserOptions {
  /** Changes to `LIMITS`. */
  readonly limits?: Partial<XmlLimits>;
  /**
   * `"stream"` (the default): one long document whose root is opened, as on TCP. `"frame"`: every
   * `write` is one whole frame with exactly one complete element in it, as on WebSocket (RFC 7395);
   * one of nothing but white space is passed over.
   */
  readonly framing?: "stream" | "frame";
  /** What is declared around the document: a default namespace, prefixes. By default nothing. */
  readonly context?: ParserContext;
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

const encoder = new TextEncoder();
const tag = new StartTag();

/**
 * Reads XML as RFC 6120, section 11, restricts it, from bytes or strings cut anywhere. What it calls
 * back does not depend on where they were cut.
 *
 * `write` never throws for what the peer sent: `error` is called once, and nothing is read any more.
 * An exception that a callback throws goes through `write` to its caller; the parser stays
 * consistent, keeps what it has not read yet, and reads on at the next `write`. A callback may call
 * `stop`, `setLimits`, and `write`, whose data is read after what is being read.
 *
 * How it works: bytes are copied to a buffer that ends in a 0 byte, where every loop stops by itself.
 * Texts are read on where they were cut. A tag that is cut is read again from its `<`, once its end
 * has come; so a tag is read at most twice however it arrives, and reading needs no state within it.
 * A stanza that has come as a whole is read the short way first (`whole-stanza.ts`), if that knows how.
 */
export class StreamParser {
  readonly #events: StreamParserEvents;
  readonly #frames: boolean;
  readonly #builder: TreeBuilder;
  #limits: XmlLimits;

  #deaf = false;
  #busy = false;
  #failure: XmlError | undefined;
  /** `end` was called. */
  #ended = false;
  /** A callback has thrown, and what was being read then waits, with what is written from then on in `#queue`. */
  #interrupted = false;
  /** What of a large write had not been looked at by then. */
  #rest = NO_BYTES;
  /** Written by callbacks, to be read later. */
  #queue: (Uint8Array | string)[] = [];
  /** The first half of a surrogate pair, whose second has not arrived. */
  #half = "";

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
  /** Bytes of white space since the last stanza. */
  #space = 0;
  /** So many stanzas are read the long way before the short one is tried again. */
  #detour = 0;
  /** And so many will be, if the next is not for it either. */
  #odd = 0;
  /** Root elements in this document. */
  #roots = 0;

  constructor(events: StreamParserEvents, options: StreamParserOptions = {}) {
    this.#events = events;
    this.#limits = settleLimits(LIMITS, options.limits);
    const { framing = "stream", context = {} } = options;
    this.#frames = oneOf("framing", framing, ["stream", "frame"]) === "frame";
    const { ns = "", prefixes = NO_PREFIXES } = context;
    if ("xmlns" in prefixes || (prefixes.xml ?? NS.xml) !== NS.xml) {
      throw new BrokerError(
        "BAD_OPTION",
        "context.prefixes must leave `xml` and `xmlns` as they are",
      );
    }
    this.#builder = new TreeBuilder(this.#frames ? 0 : 1, ns, prefixes, (condition, what, found) =>
      this.#fail(condition, what, this.#at, this.#reach, found),
    );
  }

  /**
   * Whether the parser is between stanzas: nothing of an unfinished tag or element has been read, and
   * nothing but white space waits to be read.
   */
  get idle(): boolean {
    return this.#queue.length === 0 && this.#rest.length === 0 && this.#isComplete();
  }

  /**
   * Reads on. Bytes must be UTF-8. Never throws for what the peer sent; throws `BAD_OPTION` for what is neither
   * bytes nor text.
   */
  write(data: Uint8Array | string): void {
    if (typeof data !== "string" && !isBytes(data)) {
      throw badOption("what is written", "a Uint8Array or a string", data);
    }
    if (this.#deaf || this.#ended) return;
    if (!this.#busy && !this.#interrupted) {
      this.#run(data);
      return;
    }
    this.#queue.push(typeof data === "string" ? data : data.slice());
    if (!this.#busy) this.#run();
  }

  /**
   * Says that no more will come. What stands unfinished (a tag, an element in a stanza) is an error;
   * a stream that was not closed, but stands between stanzas, is not. What a callback's exception has left is
   * read first; called by a callback, it ends once all that was written has been read.
   */
  end(): void {
    if (this.#deaf) return;
    this.#ended = true;
    if (!this.#busy) this.#run();
  }

  /** No more callbacks, whatever is written; everything held is let go. */
  stop(): void {
    this.#deaf = true;
    this.#at = this.#slab.end;
    this.#change(NO_SLAB);
    this.#token = "none";
    this.#queue = [];
    this.#rest = NO_BYTES;
    this.#text = this.#half = "";
    this.#builder.clear();
  }

  /** Changes limits from here on, also for the stanza that is being read. */
  setLimits(limits: Partial<XmlLimits>): void {
    this.#limits = settleLimits(this.#limits, limits);
  }

  /** (No getter: V8 calls private ones by way of its runtime.) */
  #inStanza(): boolean {
    return this.#builder.depth > this.#builder.roots;
  }

  /** Whether nothing is unfinished, and nothing but white space waits. */
  #isComplete(): boolean {
    if (this.#inStanza() || this.#token !== "none" || this.#half !== "") return false;
    for (let i = this.#at; i < this.#slab.end; i++) {
      if (CLASS[this.#slab.bytes[i] ?? 0] !== SPACE) return false;
    }
    return true;
  }

  /** Reads what an exception has left, then this, then what callbacks write. */
  #run(data?: Uint8Array | string): void {
    this.#busy = true;
    try {
      if (this.#interrupted) this.#goOn();
      if (data !== undefined) this.#take(data);
      while (this.#queue.length > 0) this.#take(this.#queue.shift() ?? "");
      if (this.#ended && !this.#deaf) {
        this.#finish("the input ends too early");
        this.stop();
      }
    } catch (thrown) {
      this.#report(thrown);
    } finally {
      this.#busy = false;
    }
  }

  /** Tells of the parser's own failure; what a callback has thrown goes on. */
  #report(thrown: unknown): void {
    const failure = this.#failure;
    if (failure === undefined || thrown !== failure) {
      this.#interrupted = true;
      throw thrown;
    }
    this.stop();
    this.#events.error(failure);
  }

  // Input: from what is written to a slab.

  #take(data: Uint8Array | string): void {
    if (this.#frames) {
      this.#document = this.#base + this.#slab.end;
      this.#roots = 0;
    }
    if (typeof data === "string") this.#takeText(data);
    else this.#takeBytes(data);
    if (this.#frames && !this.#deaf) this.#finish(FRAME_ENDS);
  }

  /** Reads what a callback's exception has left. */
  #goOn(): void {
    this.#interrupted = false;
    this.#readHeld();
    const rest = this.#rest;
    this.#rest = NO_BYTES;
    if (!this.#deaf) this.#takeBytes(rest);
    if (this.#frames && !this.#deaf) this.#finish(FRAME_ENDS);
  }

  #takeText(data: string): void {
    let text = this.#half + data;
    this.#half = "";
    const last = text.charCodeAt(text.length - 1);
    if (last >= 0xd800 && last < 0xdc00) {
      this.#half = text.slice(-1);
      text = text.slice(0, -1);
    }
    const lone = text.search(LONE_SURROGATE);
    // Kept where it is found again, should a callback throw before that.
    if (lone >= 0) this.#half = text.charAt(lone);
    this.#takeBytes(encoder.encode(lone < 0 ? text : text.slice(0, lone)));
    if (lone >= 0 && !this.#deaf) this.#failHalf();
  }

  #takeBytes(data: Uint8Array): void {
    if (data.length <= PIECE) {
      this.#takePiece(data);
      return;
    }
    for (let from = 0; from < data.length && !this.#deaf; from += PIECE) {
      try {
        this.#takePiece(data.subarray(from, from + PIECE));
      } catch (thrown) {
        // What a callback's exception leaves unread is not lost.
        if (thrown !== this.#failure) this.#rest = data.slice(from + PIECE);
        throw thrown;
      }
    }
  }

  #takePiece(data: Uint8Array): void {
    this.#append(data);
    this.#readHeld();
  }

  #readHeld(): void {
    if (this.#token === "none" || this.#readOn()) this.#readTokens();
    if (this.#deaf) return;
    this.#checkUnfinished();
    const held = this.#slab.end - this.#at;
    if (held === 0) this.#change(NO_SLAB);
    else if (8 * held < this.#slab.size && this.#slab.size > SMALL) {
      // What is unfinished and little moves out of a large slab, which others can use then.
      this.#change(leaseLittle(2 * held));
    }
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
      this.#fail("policy-violation", "", this.#slab.end);
    }
  }

  /** No more will come: is anything unfinished? */
  #finish(detail: string): void {
    if (this.#half !== "") this.#failHalf();
    this.#readLastTag();
    if (!this.#isComplete()) this.#fail("not-well-formed", detail, this.#slab.end);
  }

  // Tokens: each reads one, and returns whether it has got it whole.

  #readTokens(): void {
    let whole = true;
    while (whole && this.#at < this.#slab.end) {
      const { bytes } = this.#slab;
      if (bytes[this.#at] !== LT)
        whole = this.#inStanza() ? this.#readText(false) : this.#readSpace();
      else {
        const second = bytes[this.#at + 1];
        if (this.#at + 1 >= this.#slab.end) whole = false;
        else if (second === SLASH) whole = this.#readEndTag() || this.#cutTag();
        else if (second === BANG) whole = this.#readCdataStart();
        else if (second === QUESTION) whole = this.#readDeclaration();
        else if (!this.#readWholeStanza()) whole = this.#readStartTag() || this.#cutTag();
      }
    }
  }

  /**
   * The short way, where it is likely to come to an end: it is not taken for what is left of a chunk, nor, for
   * a while, when stanza after stanza turned out not to be for it.
   *
   *     <message><body>Hello</body></message>
   *     ^
   */
  #readWholeStanza(): boolean {
    const builder = this.#builder;
    const slab = this.#slab;
    if (builder.depth !== builder.roots || slab.end - this.#at < WORTH_WHILE) return false;
    if (this.#frames && this.#roots > 0) return false;
    if (this.#detour > 0) {
      this.#detour--;
      return false;
    }
    const { namespace, outer } = builder;
    const element = readWholeStanza(slab, this.#at, namespace, outer, this.#limits, tag);
    if (element === undefined) {
      this.#detour = this.#odd;
      this.#odd = Math.min(2 * this.#odd + 1, LONGEST_DETOUR);
      return false;
    }
    this.#odd = 0;
    if (this.#frames) this.#roots++;
    this.#at = slab.taken;
    this.#deliver(element);
    return true;
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
    const over = this.#space - this.#limits.space;
    if (over > 0) this.#fail("policy-violation", "too much white space", i - over);
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
    if (this.#slab.end > most) this.#fail("policy-violation", "", most);
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
    if (i - from > most) this.#fail("policy-violation", "a long name", from + most);
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
    if (depth <= roots) this.#stanza = this.#base + this.#at;
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
      this.#space = 0;
      this.#events.open(element, builder.namespace);
      if (empty && !this.#deaf) this.#closeRoot();
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
      return;
    }
    const element = builder.end();
    if (top) this.#deliver(element);
  }

  #deliver(element: Element): void {
    this.#space = 0;
    this.#events.element(element);
  }

  #closeRoot(): void {
    this.#builder.end();
    this.#space = 0;
    this.#events.close();
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
    if (after - this.#at > this.#limits.tag) this.#fail("policy-violation", "", after - 1);
  }

  #checkStanza(after: number): void {
    if (this.#base + after - this.#stanza > this.#limits.bytes) {
      this.#fail("policy-violation", "", after - 1);
    }
  }

  /** Text, or what means text, where only white space may be. */
  #failText(at: number, reach: number): never {
    return this.#builder.depth === 0
      ? this.#fail("not-well-formed", "text outside the root element", at, reach)
      : this.#fail("invalid-xml", "text between stanzas", at, reach);
  }

  #failHalf(): never {
    this.#readLastTag();
    return this.#fail(
      "not-well-formed",
      "half a character",
      this.#slab.end,
      this.#slab.end,
      "half of one",
    );
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
   * Ends reading. `at` is where the fault stands, `reach` the byte that shows it: if a tag or stanza
   * was too long before that, this is the fault, so that cutting the bytes elsewhere changes nothing.
   */
  #fail(condition: XmlCondition, detail: string, at: number, reach = at, found?: string): never {
    const { bytes } = this.#slab;
    let limit = Number.POSITIVE_INFINITY;
    if (this.#inStanza()) limit = this.#stanza - this.#base + this.#limits.bytes;
    if (bytes[this.#at] === LT && this.#token !== "cdata") {
      if (!this.#inStanza()) limit = this.#at + this.#limits.bytes;
      limit = Math.min(limit, this.#at + this.#limits.tag);
    }
    if (reach >= limit) {
      this.#failure = new XmlError(
        "policy-violation",
        "a tag or stanza is too long",
        this.#base + limit,
        "more of it",
      );
    } else {
      const what = found ?? describe(bytes, at, this.#slab.end);
      this.#failure = new XmlError(condition, detail, this.#base + at, what);
    }
    throw this.#failure;
  }
}

const FRAME_ENDS = "the frame ends too early";
const NO_BYTES = new Uint8Array();

/** Also of another realm, where `instanceof` cannot tell. */
function isBytes(data: unknown): data is Uint8Array {
  return (
    data instanceof Uint8Array || Object.prototype.toString.call(data) === "[object Uint8Array]"
  );
}

const LONE_SURROGATE = /[\ud800-\udfff]/u;

/** Says what stands at a place, but no more of it than one byte. */
function describe(bytes: Uint8Array, at: number, end: number): string {
  if (at >= end) return "the end of the input";
  const byte = bytes[at] ?? 0;
  if (byte > 0x20 && byte < 0x7f) return `\`${String.fromCharCode(byte)}\``;
  return `0x${byte.toString(16).padStart(2, "0").toUpperCase()}`;
}
