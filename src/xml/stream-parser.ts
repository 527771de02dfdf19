import { CLASS, isCharacter, NAME, SPACE, sequenceLength } from "./characters.ts";
import { utf8 } from "./decode.ts";
import { Dictionary, Element, NO_PREFIXES } from "./element.ts";
import { LIMITS, settleLimits, type XmlLimits } from "./limits.ts";
import { type Name, nameOf } from "./names.ts";
import { NS } from "./namespaces.ts";
import { type XmlCondition, XmlError } from "./xml-error.ts";

/** What a `StreamParser` calls back for, in the order of the stream. */
export interface StreamParserEvents {
  /** The stream has opened: its root with attributes, prefixes and namespace, without children. */
  open(header: Element): void;
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
   * `write` is one whole frame with exactly one complete element in it, as on WebSocket (RFC 7395).
   */
  readonly framing?: "stream" | "frame";
  /** What is declared around the document: a default namespace, prefixes. By default nothing. */
  readonly context?: ParserContext;
}

/** What stands around the document that is parsed. */
export interface ParserContext {
  readonly ns?: string | undefined;
  readonly prefixes?: Readonly<Record<string, string>> | undefined;
}

const CR = 0x0d;
const BANG = 0x21;
const QUOTE = 0x22;
const AMP = 0x26;
const APOSTROPHE = 0x27;
const SLASH = 0x2f;
const SEMICOLON = 0x3b;
const LT = 0x3c;
const EQUALS = 0x3d;
const GT = 0x3e;
const QUESTION = 0x3f;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** A large write is read in pieces of this size. */
const PIECE = 65_536;
/** An unfinished text is cut into strings of at least this size, so that no bytes pile up. */
const FLUSH = 4096;
/** No legal reference is longer, unless it is padded with zeros. */
const LONGEST_REFERENCE = 24;
const LONGEST_DECLARATION = 256;

const NOTHING = new Uint8Array(0);
const CDATA = [LT, BANG, OPEN_BRACKET, 0x43, 0x44, 0x41, 0x54, 0x41, OPEN_BRACKET];
const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:'1\.([0-9]+)'|"1\.([0-9]+)")(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:'([A-Za-z][\w.-]*)'|"([A-Za-z][\w.-]*)"))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:'(?:yes|no)'|"(?:yes|no)"))?[ \t\r\n]*\?>$/;

const ENTITIES: Readonly<Record<string, string>> = {
  lt: "<",
  gt: ">",
  amp: "&",
  apos: "'",
  quot: '"',
};

interface Open {
  readonly element: Element;
  readonly name: Name;
  /** The default namespace in it. */
  readonly ns: string;
  /** Prefixes it declared, with what they meant before. */
  readonly undo: readonly [prefix: string, before: string | undefined][] | undefined;
}

interface Attribute {
  readonly name: Name;
  readonly value: string;
}

const encoder = new TextEncoder();

/**
 * Reads XML as RFC 6120, section 11, restricts it, from bytes or strings cut anywhere. What it calls
 * back does not depend on where they were cut.
 *
 * `write` never throws for what the peer sent: `error` is called once, and nothing is read any more.
 * An exception that a callback throws goes through `write` to its caller; the parser stays
 * consistent, keeps what it has not read yet, and reads on at the next `write`. A callback may call
 * `stop`, `setLimits`, and `write`, whose data is read after what is being read.
 */
export class StreamParser {
  readonly #events: StreamParserEvents;
  readonly #frames: boolean;
  readonly #scope = new Map<string, string>([["xml", NS.xml]]);
  readonly #contextNs: string;
  #limits: XmlLimits;

  #state: "reading" | "deaf" = "reading";
  #failure: XmlError | undefined;
  #busy = false;
  #queue: (Uint8Array | string)[] = [];

  #buffer: Uint8Array = NOTHING;
  /** Where the unfinished token starts. */
  #at = 0;
  #end = 0;
  /** The offset in the stream of the buffer's first byte. */
  #base = 0;
  /** Where reading goes on within an unfinished text, CDATA section or tag. */
  #resume = 0;
  #token: "none" | "tag" | "cdata" = "none";
  /** Within an unfinished tag: the quote that is open, or 0. */
  #quote = 0;

  #stack: Open[] = [];
  /** The prefixes of the stream header (or of the context), which stanzas carry along. */
  #outer: Readonly<Record<string, string>>;
  #text = "";
  #roots = 0;
  /** Offsets in the stream: of the document, of the stanza, of the white space before it. */
  #document = 0;
  #stanza = 0;
  #elements = 0;
  #space = 0;
  #lone = "";

  constructor(events: StreamParserEvents, options: StreamParserOptions = {}) {
    this.#events = events;
    this.#limits = settleLimits(LIMITS, options.limits);
    this.#frames = options.framing === "frame";
    this.#contextNs = options.context?.ns ?? "";
    this.#outer = NO_PREFIXES;
    const prefixes = Object.entries(options.context?.prefixes ?? {});
    if (prefixes.length > 0) {
      const outer = new Dictionary();
      for (const [prefix, uri] of prefixes) {
        outer[prefix] = uri;
        this.#scope.set(prefix, uri);
      }
      this.#outer = Object.freeze(outer);
    }
  }

  /**
   * Whether the parser is between stanzas: nothing of an unfinished tag or element has been read, and
   * nothing but white space waits to be read.
   */
  get idle(): boolean {
    if (this.#stack.length > this.#headers || this.#token !== "none") return false;
    for (let i = this.#at; i < this.#end; i++) {
      if (((CLASS[this.#buffer[i] ?? 0] ?? 0) & SPACE) === 0) return false;
    }
    return this.#queue.length === 0 && this.#lone === "";
  }

  /** Reads on. Bytes must be UTF-8. Never throws for what the peer sent. */
  write(data: Uint8Array | string): void {
    if (this.#state === "deaf") return;
    if (this.#busy) {
      this.#queue.push(typeof data === "string" ? data : data.slice());
      return;
    }
    this.#busy = true;
    try {
      this.#take(data);
      for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
        this.#take(next);
      }
    } catch (thrown) {
      if (thrown !== this.#failure || thrown === undefined) throw thrown;
      this.#report(thrown as XmlError);
    } finally {
      this.#busy = false;
    }
  }

  /**
   * Says that no more will come. What stands unfinished (a tag, an element in a stanza) is an error;
   * a stream that was not closed, but stands between stanzas, is not.
   */
  end(): void {
    if (this.#state === "deaf") return;
    try {
      if (this.#lone !== "") this.#fail("not-well-formed", "half a character", this.#end);
      if (this.#token === "tag") this.#tag(true);
      if (this.#at < this.#end || this.#stack.length > this.#headers || this.#token !== "none") {
        if (!this.idle) this.#fail("not-well-formed", "the input ends too early", this.#end);
      }
      this.stop();
    } catch (thrown) {
      if (thrown !== this.#failure || thrown === undefined) throw thrown;
      this.#report(thrown as XmlError);
    }
  }

  /** No more callbacks, whatever is written; everything held is let go. */
  stop(): void {
    this.#state = "deaf";
    this.#buffer = NOTHING;
    this.#at = this.#end = this.#resume = 0;
    this.#token = "none";
    this.#stack = [];
    this.#queue = [];
    this.#text = "";
    this.#lone = "";
    this.#scope.clear();
  }

  /** Changes limits from here on, also for the stanza that is being read. */
  setLimits(limits: Partial<XmlLimits>): void {
    this.#limits = settleLimits(this.#limits, limits);
  }

  /** How many open elements are not part of a stanza. */
  get #headers(): number {
    return this.#frames ? 0 : 1;
  }

  #report(error: XmlError): void {
    this.stop();
    this.#events.error(error);
  }

  #take(data: Uint8Array | string): void {
    if (this.#frames) {
      this.#document = this.#base + this.#end;
      this.#roots = 0;
    }
    if (typeof data === "string") this.#takeText(data);
    else this.#takeBytes(data);
    if (this.#frames && this.#state === "reading" && !this.idle) {
      if (this.#token === "tag") this.#tag(true);
      this.#fail("not-well-formed", "the frame ends too early", this.#end);
    }
  }

  #takeBytes(data: Uint8Array): void {
    let from = 0;
    do {
      const piece = data.length <= PIECE ? data : data.subarray(from, from + PIECE);
      this.#append(piece);
      from += PIECE;
      this.#run();
    } while (from < data.length && this.#state === "reading");
  }

  #takeText(data: string): void {
    let text = this.#lone + data;
    this.#lone = "";
    const last = text.charCodeAt(text.length - 1);
    if (last >= 0xd800 && last < 0xdc00) {
      this.#lone = text.slice(-1);
      text = text.slice(0, -1);
    }
    const bad = loneSurrogate(text);
    this.#takeBytes(encoder.encode(bad < 0 ? text : text.slice(0, bad)));
    if (bad >= 0 && this.#state === "reading") {
      if (this.#token === "tag") this.#tag(true);
      this.#fail("not-well-formed", "half a character", this.#end);
    }
  }

  #append(data: Uint8Array): void {
    const held = this.#end - this.#at;
    if (this.#end + data.length > this.#buffer.length) {
      const buffer = new Uint8Array(Math.max(256, 2 * held + data.length));
      buffer.set(this.#buffer.subarray(this.#at, this.#end));
      this.#shift(this.#at);
      this.#buffer = buffer;
    }
    this.#buffer.set(data, this.#end);
    this.#end += data.length;
  }

  /** Forgets the bytes before `from`, which become those before 0. */
  #shift(from: number): void {
    this.#base += from;
    this.#resume -= from;
    this.#at -= from;
    this.#end -= from;
  }

  #run(): void {
    this.#read();
    if (this.#state === "deaf") return;
    this.#checkUnfinished();
    if (this.#at === this.#end) {
      this.#shift(this.#at);
      this.#buffer = NOTHING;
    }
  }

  #read(): void {
    while (this.#at < this.#end && this.#state === "reading") {
      if (!this.#readToken()) return;
    }
  }

  #readToken(): boolean {
    if (this.#token === "tag") return this.#tagEnds() && this.#tag(false);
    if (this.#token === "cdata") return this.#cdata();
    if (this.#buffer[this.#at] !== LT) {
      return this.#stack.length > this.#headers ? this.#characters() : this.#whiteSpace();
    }
    if (this.#at + 1 >= this.#end) return false;
    const second = this.#buffer[this.#at + 1];
    if (second === BANG) return this.#markup();
    if (second === QUESTION) return this.#declaration();
    return this.#tag(false);
  }

  /** Bounds what cannot be read yet. */
  #checkUnfinished(): void {
    if (this.#token === "tag" && this.#end - this.#at > this.#limits.tag) this.#tag(true);
    const stanza = this.#stack.length > this.#headers || this.#token === "tag";
    if (stanza && this.#base + this.#end - this.#stanza > this.#limits.bytes) {
      if (this.#token === "tag") this.#tag(true);
      this.#fail("policy-violation", "", this.#end);
    }
  }

  /**
   * Between stanzas.
   *
   *     </message> <presence/>
   *               ^
   */
  #whiteSpace(): boolean {
    let i = this.#at;
    while (i < this.#end && (CLASS[this.#buffer[i] ?? 0] ?? 0) === SPACE) i++;
    this.#space += i - this.#at;
    if (this.#space > this.#limits.space) {
      this.#fail("policy-violation", "too much white space", i);
    }
    this.#at = i;
    if (i === this.#end || this.#buffer[i] === LT) return true;
    if ((this.#buffer[i] ?? 0) >= 0x80) {
      const length = sequenceLength(this.#buffer, i, this.#end);
      if (length === 0) return false;
      if (length < 0) this.#failUtf8(i, length);
    } else if (!isCharacter(this.#buffer[i] ?? 0)) {
      this.#fail("not-well-formed", "an illegal character", i);
    }
    return this.#stack.length === 0
      ? this.#fail("not-well-formed", "text outside the root element", i)
      : this.#fail("invalid-xml", "text between stanzas", i);
  }

  /**
   * Text in a stanza.
   *
   *     <body>Romeo &amp; Juliet</body>
   *           ^
   */
  #characters(): boolean {
    const buffer = this.#buffer;
    let i = Math.max(this.#at, this.#resume);
    for (; i < this.#end; ) {
      const byte = buffer[i] ?? 0;
      if (byte === LT) {
        this.#piece(i, true);
        return true;
      }
      if (byte === AMP) {
        const after = this.#reference(i);
        if (after === 0) break;
        i = after;
      } else if (byte >= 0x80) {
        const length = sequenceLength(buffer, i, this.#end);
        if (length === 0) break;
        if (length < 0) this.#failUtf8(i, length);
        i += length;
      } else if (byte === GT) {
        if (i - 2 >= this.#at && buffer[i - 1] === CLOSE_BRACKET && buffer[i - 2] === CLOSE_BRACKET)
          this.#fail("not-well-formed", "`]]>` in text", i - 2, i);
        i++;
      } else if (!isCharacter(byte)) {
        this.#fail("not-well-formed", "an illegal character", i);
      } else i++;
    }
    this.#resume = i;
    // What may still belong to what follows stays: a CR before LF, brackets before `>`.
    let safe = i;
    while (
      safe > this.#at &&
      (buffer[safe - 1] === CR || buffer[safe - 1] === CLOSE_BRACKET) &&
      i - safe < 2
    )
      safe--;
    if (safe - this.#at >= FLUSH) this.#piece(safe, true);
    return false;
  }

  /**
   *     <![CDATA[1 < 2]]>
   *              ^
   */
  #cdata(): boolean {
    const buffer = this.#buffer;
    let i = Math.max(this.#at, this.#resume);
    for (; i < this.#end; ) {
      const byte = buffer[i] ?? 0;
      if (byte >= 0x80) {
        const length = sequenceLength(buffer, i, this.#end);
        if (length === 0) break;
        if (length < 0) this.#failUtf8(i, length);
        i += length;
      } else if (
        byte === GT &&
        i - 2 >= this.#at &&
        buffer[i - 1] === CLOSE_BRACKET &&
        buffer[i - 2] === CLOSE_BRACKET
      ) {
        this.#piece(i - 2, false);
        this.#at = i + 1;
        this.#token = "none";
        return true;
      } else if (!isCharacter(byte)) {
        this.#fail("not-well-formed", "an illegal character", i);
      } else i++;
    }
    this.#resume = i;
    let safe = i;
    while (
      safe > this.#at &&
      (buffer[safe - 1] === CR || buffer[safe - 1] === CLOSE_BRACKET) &&
      i - safe < 2
    )
      safe--;
    if (safe - this.#at >= FLUSH) this.#piece(safe, false);
    return false;
  }

  /** Takes the text up to `to`. */
  #piece(to: number, references: boolean): void {
    let text = utf8(this.#buffer, this.#at, to);
    if (text.includes("\r")) text = text.replace(/\r\n?/g, "\n");
    if (references && text.includes("&")) text = expand(text);
    this.#text += text;
    this.#at = to;
  }

  /**
   * A reference, checked in place.
   *
   *     &amp;   &#10;   &#x1F339;
   *     ^
   *
   * Returns where it ends, or 0 if that has not arrived.
   */
  #reference(at: number): number {
    const buffer = this.#buffer;
    let i = at + 1;
    while (i < this.#end && buffer[i] !== SEMICOLON) {
      const byte = buffer[i] ?? 0;
      if (!((CLASS[byte] ?? 0) & NAME) && !(byte === 0x23 && i === at + 1)) {
        this.#fail("not-well-formed", "a bare `&`", at, i);
      }
      if (i - at >= LONGEST_REFERENCE) {
        this.#fail("restricted-xml", "a reference to an entity", at, i);
      }
      i++;
    }
    if (i >= this.#end) return 0;
    const text = utf8(buffer, at + 1, i);
    if (text.startsWith("#")) {
      const code = codeOf(text);
      if (code < 0) this.#fail("not-well-formed", "a bad character reference", at, i);
      if (!isCharacter(code)) {
        this.#fail("not-well-formed", "a reference to an illegal character", at, i);
      }
    } else if (text === "") this.#fail("not-well-formed", "a bare `&`", at, i);
    else if (!Object.hasOwn(ENTITIES, text)) {
      this.#fail("restricted-xml", "a reference to an entity", at, i);
    }
    return i + 1;
  }

  /**
   * Only CDATA is legal here, and only in a stanza.
   *
   *     <![CDATA[      <!DOCTYPE      <!--
   *     ^
   */
  #markup(): boolean {
    for (let n = 2; n < CDATA.length; n++) {
      if (this.#at + n >= this.#end) return false;
      if (this.#buffer[this.#at + n] !== CDATA[n]) {
        this.#fail("restricted-xml", "a comment or declaration", this.#at, this.#at + n);
      }
    }
    if (this.#stack.length <= this.#headers) {
      this.#fail("invalid-xml", "text between stanzas", this.#at, this.#at + CDATA.length - 1);
    }
    this.#at += CDATA.length;
    this.#resume = this.#at;
    this.#token = "cdata";
    return true;
  }

  /**
   * Legal only as the very first thing.
   *
   *     <?xml version='1.0' encoding='UTF-8'?>
   *     ^
   */
  #declaration(): boolean {
    const from = this.#at;
    if (this.#base + from !== this.#document) {
      this.#fail("restricted-xml", "a processing instruction", from, from + 1);
    }
    const start = "<?xml ";
    for (let n = 2; n < start.length; n++) {
      if (from + n >= this.#end) return false;
      const byte = this.#buffer[from + n] ?? 0;
      if (n === 5 ? CLASS[byte] !== SPACE : byte !== start.charCodeAt(n)) {
        this.#fail("restricted-xml", "a processing instruction", from, from + n);
      }
    }
    let i = from + start.length;
    while (i < this.#end && !(this.#buffer[i] === GT && this.#buffer[i - 1] === QUESTION)) {
      if (i - from >= LONGEST_DECLARATION) {
        this.#fail("policy-violation", "a long XML declaration", i);
      }
      i++;
    }
    if (i >= this.#end) return false;
    const parts = DECLARATION.exec(utf8(this.#buffer, from, i + 1));
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
   * A tag was cut. It is not read again before its end has arrived, so that it costs no more when it
   * comes byte by byte.
   *
   *     <message to='romeo@exam
   *                            ^
   */
  #tagEnds(): boolean {
    let i = this.#resume;
    for (; i < this.#end; i++) {
      const byte = this.#buffer[i];
      if (this.#quote !== 0) {
        if (byte === this.#quote) this.#quote = 0;
      } else if (byte === GT) return true;
      else if (byte === QUOTE || byte === APOSTROPHE) this.#quote = byte;
    }
    this.#resume = i;
    return false;
  }

  /** Reads a tag that may be cut; `last` says that no more of it will come. */
  #tag(last: boolean): boolean {
    if (this.#stack.length <= this.#headers) {
      this.#stanza = this.#base + this.#at;
    }
    const after = this.#buffer[this.#at + 1] === SLASH ? this.#endTag() : this.#startTag();
    if (after !== 0) return true;
    if (last) {
      const most = this.#at + this.#limits.tag;
      if (this.#end > most) this.#fail("policy-violation", "a long tag", most);
      return false;
    }
    if (this.#token !== "tag") {
      this.#token = "tag";
      this.#resume = this.#at + 1;
      this.#quote = 0;
      if (this.#tagEnds()) return this.#tag(true);
    }
    return false;
  }

  /**
   *     <x:item id='7'/>
   *      ^
   *
   * Reads a name; returns where it ends. Whoever calls it has looked whether it has ended.
   */
  #nameEnd(from: number): number {
    let i = from;
    while (i < this.#end && ((CLASS[this.#buffer[i] ?? 0] ?? 0) & NAME) !== 0) i++;
    if (i - from > this.#limits.name) {
      this.#fail("policy-violation", "a long name", from + this.#limits.name);
    }
    return i;
  }

  #nameAt(from: number, to: number): Name {
    for (let i = from; i < to; ) {
      if ((this.#buffer[i] ?? 0) < 0x80) i++;
      else {
        const length = sequenceLength(this.#buffer, i, this.#end);
        if (length <= 0) this.#failUtf8(i, -1, to);
        i += length;
      }
    }
    return (
      nameOf(utf8(this.#buffer, from, to)) ?? this.#fail("not-well-formed", "a bad name", from, to)
    );
  }

  #startTag(): number {
    const buffer = this.#buffer;
    const end = this.#end;
    let i = this.#nameEnd(this.#at + 1);
    if (i >= end) return 0;
    const name = this.#nameAt(this.#at + 1, i);
    const attributes: Attribute[] = [];
    for (;;) {
      const gap = i;
      while ((CLASS[buffer[i] ?? 0] ?? 0) === SPACE && i < end) i++;
      if (i >= end) return 0;
      if (buffer[i] === GT) break;
      if (buffer[i] === SLASH) {
        if (i + 1 >= end) return 0;
        if (buffer[i + 1] !== GT) this.#fail("not-well-formed", "`/` without `>`", i, i + 1);
        break;
      }
      const from = i;
      i = this.#nameEnd(from);
      if (i === from) this.#fail("not-well-formed", "a character that starts no name", i);
      if (gap === from) this.#fail("not-well-formed", "no space before an attribute", from);
      if (i >= end) return 0;
      const key = this.#nameAt(from, i);
      while (i < end && (CLASS[buffer[i] ?? 0] ?? 0) === SPACE) i++;
      if (i >= end) return 0;
      if (buffer[i] !== EQUALS) this.#fail("not-well-formed", "an attribute without a value", i);
      i++;
      while (i < end && (CLASS[buffer[i] ?? 0] ?? 0) === SPACE) i++;
      if (i >= end) return 0;
      const quote = buffer[i];
      if (quote !== QUOTE && quote !== APOSTROPHE) {
        this.#fail("not-well-formed", "a value without quotes", i);
      }
      const start = ++i;
      i = this.#valueEnd(i, quote);
      if (i === 0) return 0;
      attributes.push({ name: key, value: this.#value(start, i) });
      i++;
    }
    const empty = buffer[i] === SLASH;
    const after = empty ? i + 2 : i + 1;
    this.#checkTag(after);
    this.#open(name, attributes, after - 1);
    this.#at = after;
    this.#token = "none";
    if (this.#stack.length === 1 && !this.#frames) this.#opened();
    if (empty && this.#state === "reading") this.#close();
    return after;
  }

  /**
   *     to='romeo@example.net'
   *         ^
   *
   * Returns where the value's closing quote stands, or 0 if it has not arrived.
   */
  #valueEnd(from: number, quote: number): number {
    const buffer = this.#buffer;
    for (let i = from; i < this.#end; ) {
      const byte = buffer[i] ?? 0;
      if (byte === quote) return i;
      if (byte === AMP) {
        i = this.#reference(i);
        if (i === 0) return 0;
      } else if (byte === LT) this.#fail("not-well-formed", "`<` in an attribute", i);
      else if (byte >= 0x80) {
        const length = sequenceLength(buffer, i, this.#end);
        if (length === 0) return 0;
        if (length < 0) this.#failUtf8(i, length);
        i += length;
      } else if (!isCharacter(byte)) this.#fail("not-well-formed", "an illegal character", i);
      else i++;
    }
    return 0;
  }

  #value(from: number, to: number): string {
    let text = utf8(this.#buffer, from, to);
    // XML 1.0, 3.3.3: after 2.11 has made one LF of CR LF, each white space becomes a space.
    if (/[\t\n\r]/.test(text)) text = text.replace(/\r\n|[\t\n\r]/g, " ");
    return text.includes("&") ? expand(text) : text;
  }

  /** A whole tag has arrived: is it too long, or does the stanza become so? */
  #checkTag(after: number): void {
    const long = Math.min(
      this.#at + this.#limits.tag,
      this.#stanza - this.#base + this.#limits.bytes,
    );
    if (after > long) this.#fail("policy-violation", "", long);
  }

  /** Makes the element of a start tag, within the namespaces it declares. */
  #open(name: Name, attributes: readonly Attribute[], reach: number): void {
    const from = this.#at;
    const parent = this.#stack.at(-1);
    if (this.#stack.length === 0 && this.#roots++ > 0) {
      this.#fail(
        this.#frames ? "invalid-xml" : "not-well-formed",
        "a second root element",
        from,
        reach,
      );
    }
    const top = this.#stack.length <= this.#headers;
    if (top) this.#elements = 0;
    if (++this.#elements > this.#limits.elements) {
      this.#fail("policy-violation", "too many elements", from, reach);
    }
    if (this.#stack.length - this.#headers >= this.#limits.depth) {
      this.#fail("policy-violation", "elements too deep", from, reach);
    }
    this.#flushText();

    let ns = parent?.ns ?? this.#contextNs;
    let declared: Record<string, string> | undefined;
    let defaultDeclared = false;
    let declarations = 0;
    const undo: [string, string | undefined][] = [];
    for (const { name: key, value } of attributes) {
      if (key.prefix === "" ? key.qualified !== "xmlns" : key.prefix !== "xmlns") continue;
      if (++declarations > this.#limits.declarations) {
        this.#fail("policy-violation", "too many namespace declarations", from, reach);
      }
      const prefix = key.prefix === "" ? "" : key.local;
      this.#checkDeclaration(prefix, value, reach);
      if (prefix === "") {
        if (defaultDeclared) this.#fail("not-well-formed", "an attribute twice", from, reach);
        defaultDeclared = true;
        ns = value;
      } else {
        declared ??= new Dictionary();
        if (prefix in declared) this.#fail("not-well-formed", "an attribute twice", from, reach);
        declared[prefix] = value;
        undo.push([prefix, this.#scope.get(prefix)]);
        this.#scope.set(prefix, value);
      }
    }
    if (attributes.length - declarations > this.#limits.attributes) {
      this.#fail("policy-violation", "too many attributes", from, reach);
    }

    const attrs = new Dictionary();
    for (const { name: key, value } of attributes) {
      if (key.prefix === "xmlns" || key.qualified === "xmlns") continue;
      const expanded = this.#attributeKey(key, reach);
      if (expanded in attrs) this.#fail("not-well-formed", "an attribute twice", from, reach);
      attrs[expanded] = value;
    }

    let prefixes: Readonly<Record<string, string>> = top ? this.#outer : NO_PREFIXES;
    if (declared !== undefined) prefixes = Object.assign(new Dictionary(), prefixes, declared);
    const own = name.prefix === "" ? ns : this.#resolve(name, reach);
    const element = new Element(name.local, own, attrs, prefixes, []);
    if (parent !== undefined && !top) parent.element.children.push(element);
    this.#stack.push({ element, name, ns, undo: undo.length > 0 ? undo : undefined });
  }

  #checkDeclaration(prefix: string, uri: string, reach: number): void {
    const bad = (what: string): never => this.#fail("bad-namespace-prefix", what, this.#at, reach);
    if (prefix === "xmlns") bad("a declaration of the prefix `xmlns`");
    if ((prefix === "xml") !== (uri === NS.xml)) bad("another meaning for the prefix `xml`");
    if (uri === NS.xmlns) bad("a prefix for the namespace of declarations");
    if (uri === "" && prefix !== "") bad("a prefix for no namespace");
  }

  #attributeKey(name: Name, reach: number): string {
    if (name.prefix === "") return name.local;
    const uri = this.#resolve(name, reach);
    return uri === NS.xml ? `xml:${name.local}` : `{${uri}}${name.local}`;
  }

  #resolve(name: Name, reach: number): string {
    return (
      this.#scope.get(name.prefix) ??
      this.#fail("bad-namespace-prefix", "an undeclared prefix", this.#at, reach, name.qualified)
    );
  }

  /** The root's start tag has been read. */
  #opened(): void {
    const header = this.#stack[0]?.element;
    if (header === undefined) return;
    this.#outer = Object.freeze(Object.assign(new Dictionary(), header.prefixes));
    this.#space = 0;
    this.#events.open(header);
  }

  /**
   *     </body>
   *     ^
   */
  #endTag(): number {
    const from = this.#at + 2;
    let i = this.#nameEnd(from);
    if (i >= this.#end) return 0;
    const name = this.#nameAt(from, i);
    while (i < this.#end && (CLASS[this.#buffer[i] ?? 0] ?? 0) === SPACE) i++;
    if (i >= this.#end) return 0;
    if (this.#buffer[i] !== GT) this.#fail("not-well-formed", "an end tag with more in it", i);
    this.#checkTag(i + 1);
    if (this.#stack.at(-1)?.name.qualified !== name.qualified) {
      this.#fail("not-well-formed", "an end tag that ends nothing", this.#at, i, name.qualified);
    }
    this.#at = i + 1;
    this.#token = "none";
    this.#close();
    return i + 1;
  }

  /** The innermost element has ended. */
  #close(): void {
    this.#flushText();
    const open = this.#stack.pop();
    if (open === undefined) return;
    for (const [prefix, before] of open.undo ?? []) {
      if (before === undefined) this.#scope.delete(prefix);
      else this.#scope.set(prefix, before);
    }
    this.#space = this.#stack.length <= this.#headers ? 0 : this.#space;
    if (this.#stack.length === this.#headers) this.#events.element(open.element);
    else if (this.#stack.length < this.#headers) this.#events.close();
  }

  #flushText(): void {
    if (this.#text === "") return;
    this.#stack.at(-1)?.element.children.push(this.#text);
    this.#text = "";
  }

  #failUtf8(at: number, length: number, reach = at - length - 1): never {
    return this.#fail("not-well-formed", "bytes that are not UTF-8", at, reach);
  }

  /**
   * Ends reading. `at` is where the fault stands, `reach` the byte that shows it: if a limit was
   * exceeded before that, the limit is the error, so that cutting the bytes elsewhere changes nothing.
   */
  #fail(
    condition: XmlCondition,
    detail: string,
    at: number,
    reach = at,
    found = describe(this.#buffer, at, this.#end),
  ): never {
    let offset = this.#base + at;
    let why: [XmlCondition, string] = [condition, detail];
    const inTag = this.#buffer[this.#at] === LT && this.#token !== "cdata";
    const inStanza = this.#stack.length > this.#headers;
    let limit = Number.POSITIVE_INFINITY;
    if (inTag) limit = this.#base + this.#at + this.#limits.tag;
    if (inTag || inStanza) {
      const start = inStanza ? this.#stanza : this.#base + this.#at;
      limit = Math.min(limit, start + this.#limits.bytes);
    }
    let shown = found;
    if (this.#base + reach >= limit) {
      offset = limit;
      why = ["policy-violation", "a tag or stanza that is too long"];
      shown = "more of it";
    }
    this.#failure = new XmlError(why[0], why[1], offset, shown);
    throw this.#failure;
  }
}

/** Says what stands at a place, without saying more of it than one character. */
function describe(bytes: Uint8Array, at: number, end: number): string {
  if (at >= end) return "the end of the input";
  const byte = bytes[at] ?? 0;
  if (byte > 0x20 && byte < 0x7f) return `\`${String.fromCharCode(byte)}\``;
  return `0x${byte.toString(16).padStart(2, "0").toUpperCase()}`;
}

/** The number in `#10` or `#x1F339`; -1 if there is none. */
function codeOf(reference: string): number {
  if (/^#[0-9]+$/.test(reference)) return Number(reference.slice(1));
  if (/^#x[0-9a-fA-F]+$/.test(reference)) return Number(`0${reference.slice(1)}`);
  return -1;
}

/** Replaces references that have been checked. */
function expand(text: string): string {
  return text.replace(/&([^;]+);/g, (_, name: string) =>
    name.startsWith("#") ? String.fromCodePoint(codeOf(name)) : (ENTITIES[name] ?? ""),
  );
}

function loneSurrogate(text: string): number {
  return text.search(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/);
}
