import type { Element } from "../element.ts";
import type { XmlLimits } from "../limits.ts";
import { exceededText, type XmlCondition, XmlError } from "../xml-error.ts";
import { foreignEnd, sequenceLength } from "./bytes/characters.ts";
import { lease, leaseLittle, NO_SLAB, release, type Slab, SMALL } from "./bytes/slab.ts";
import { type Name, NO_NAME } from "./names.ts";
import { TreeBuilder } from "./tree-builder.ts";

const LT = 0x3c;

/**
 * The place where a parser reads, the state of the token there, and the faults that are found there.
 * The functions that read one kind of token (`text.ts`, `tags.ts`, `declaration.ts`) share it.
 */
export class Cursor {
  readonly builder: TreeBuilder;
  limits: XmlLimits;

  /** The bytes that are read. */
  slab: Slab = NO_SLAB;
  /** The place in the slab where the token starts. */
  at = 0;
  /** The offset in the stream of the slab's first byte. */
  base = 0;

  /** The kind of the token, if it was cut and reading goes on within it. */
  token: "none" | "tag" | "cdata" = "none";
  /** The place where reading goes on within a text, CDATA section or tag that was cut. */
  resume = 0;
  /** The flags of a text that was cut. */
  flags = 0;
  /** The quote that is open in a tag that was cut, or 0. */
  quote = 0;
  /** The place of the last byte of the tag that is judged. */
  reach = 0;
  /** The name that was read last. */
  name: Name = NO_NAME;
  /** Text of the innermost element that is not its child yet. */
  text = "";

  /** The offset in the stream where the stanza starts. */
  stanza = 0;
  /** The offset in the stream where the stanza's start tag ends. */
  content = 0;

  constructor(
    limits: XmlLimits,
    roots: 0 | 1,
    ns: string,
    prefixes: Readonly<Record<string, string>>,
  ) {
    this.limits = limits;
    this.builder = new TreeBuilder(roots, ns, prefixes, (...fault) =>
      fault.length === 1
        ? this.exceed(fault[0], this.at, this.reach)
        : this.fail(fault[0], fault[1], this.at, this.reach, fault[2]),
    );
  }

  /** True if a stanza is open. (A method: V8 calls private getters by way of its runtime.) */
  inStanza(): boolean {
    return this.builder.depth > this.builder.roots;
  }

  /** True if nothing is unfinished. */
  isComplete(): boolean {
    return !this.inStanza() && this.token === "none" && this.at === this.slab.end;
  }

  /** Makes the text that was read a child of the innermost element. */
  endText(): void {
    this.builder.text(this.text);
    this.text = "";
  }

  // Memory.

  /** Puts bytes behind those that are held. */
  append(data: Uint8Array): void {
    const { slab } = this;
    if (slab.end + data.length > slab.size) {
      const needed = slab.end - this.at + data.length;
      this.#change(needed <= slab.size ? slab : lease(needed));
    }
    this.slab.append(data);
  }

  /** Gives back memory that the unfinished rest does not need. */
  tidy(): void {
    const held = this.slab.end - this.at;
    if (held === 0) this.#change(NO_SLAB);
    // A little rest moves out of a large slab, so that others can use that.
    else if (8 * held < this.slab.size && this.slab.size > SMALL) {
      this.#change(leaseLittle(2 * held));
    }
  }

  /** Lets go of everything. */
  clear(): void {
    this.at = this.slab.end;
    this.#change(NO_SLAB);
    this.token = "none";
    this.text = "";
    this.builder.clear();
  }

  /** Moves the held bytes to the beginning of a slab, which may be the same. */
  #change(to: Slab): void {
    const from = this.slab;
    to.takeOver(from, this.at);
    if (from !== to && from !== NO_SLAB) release(from);
    this.slab = to;
    this.base += this.at;
    this.resume -= this.at;
    this.at = 0;
  }

  /**
   * Compares the bytes of the token with those that it must begin with. Ends reading if they differ. Returns whether
   * all of them have come.
   */
  begins(wanted: string, otherwise: string): boolean {
    const { at, slab } = this;
    for (let k = 0; k < wanted.length; k++) {
      if (at + k >= slab.end) return false;
      if (slab.bytes[at + k] !== wanted.charCodeAt(k)) {
        this.fail("restricted-xml", otherwise, at, at + k);
      }
    }
    return true;
  }

  // Characters beyond ASCII.

  /** The place where characters beyond ASCII end, or where one is cut. */
  foreignEnd(from: number): number {
    const { bytes, end } = this.slab;
    const i = foreignEnd(bytes, from, end);
    if ((bytes[i] ?? 0) >= 0x80) {
      const length = sequenceLength(bytes, i, end);
      if (length < 0) this.failUtf8(i, i - length - 1);
    }
    return i;
  }

  /** Checks bytes that end before an ASCII byte. Returns whether all of them are ASCII. */
  checkForeign(from: number, to: number): boolean {
    const { bytes, end } = this.slab;
    let ascii = true;
    for (let i = from; i < to; i++) {
      if ((bytes[i] ?? 0) < 0x80) continue;
      ascii = false;
      const length = sequenceLength(bytes, i, end);
      if (length <= 0) this.failUtf8(i, to);
      i += length - 1;
    }
    return ascii;
  }

  // Faults.

  /**
   * Ends reading. `at` is the place of the fault, `reach` the byte that shows it. A tag or stanza that
   * was too long before that byte is the fault instead, so the cuts in the bytes change nothing.
   */
  fail(condition: XmlCondition, detail: string, at: number, reach = at, found?: string): never {
    this.checkLength(reach);
    throw new XmlError(condition, detail, this.base + at, found ?? this.#found(at));
  }

  /** Ends reading where the XML is not well-formed. */
  malformed(detail: string, at: number, reach = at, found?: string): never {
    return this.fail("not-well-formed", detail, at, reach, found);
  }

  failCharacter(at: number): never {
    return this.malformed("an illegal character", at);
  }

  failUtf8(at: number, reach: number): never {
    const { bytes } = this.slab;
    // U+FFFE and U+FFFF are UTF-8, but no characters.
    const noncharacter = bytes[at] === 0xef && bytes[at + 1] === 0xbf;
    const what = noncharacter ? "an illegal character" : "bytes that are not UTF-8";
    return this.malformed(what, at, reach);
  }

  /** Text, or CDATA, where only white space may stand. */
  failText(at: number, reach: number): never {
    return this.builder.depth === 0
      ? this.malformed("text outside the root element", at, reach)
      : this.fail("invalid-xml", "text between stanzas", at, reach);
  }

  /** Ends reading at a limit. */
  exceed(limit: keyof XmlLimits, at: number, reach = at): never {
    this.checkLength(reach);
    throw this.#exceeded(limit, at, this.#found(at));
  }

  /** Ends reading if a tag or stanza is too long with the byte at `reach`. */
  checkLength(reach: number): void {
    const { bytes, tag } = this.limits;
    let limit: keyof XmlLimits = "bytes";
    let end = Number.POSITIVE_INFINITY;
    if (this.inStanza()) end = this.stanza - this.base + bytes;
    if (this.slab.bytes[this.at] === LT && this.token !== "cdata") {
      if (!this.inStanza()) end = this.at + bytes;
      if (this.at + tag <= end) {
        limit = "tag";
        end = this.at + tag;
      }
    }
    if (reach >= end) throw this.#exceeded(limit, end, "more of it");
  }

  /** The stanza is named only where its start tag ends before the limit, so the cuts change nothing. */
  #exceeded(limit: keyof XmlLimits, at: number, found: string): XmlError {
    const offset = this.base + at;
    const stanza: Element | undefined = offset >= this.content ? this.builder.stanza : undefined;
    const exceeded = {
      limit,
      most: this.limits[limit],
      stanza: stanza?.name,
      from: stanza?.attrs.from,
    };
    const text = exceededText(exceeded);
    return new XmlError("policy-violation", text, offset, found, false, exceeded);
  }

  /** Says what stands at a place, but no more of it than one byte: errors quote no stanza. */
  #found(at: number): string {
    const { bytes, end } = this.slab;
    if (at >= end) return "the end of the input";
    const byte = bytes[at] ?? 0;
    if (byte > 0x20 && byte < 0x7f) return `\`${String.fromCharCode(byte)}\``;
    return `0x${byte.toString(16).padStart(2, "0").toUpperCase()}`;
  }
}
