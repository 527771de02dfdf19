import { Buffer } from "node:buffer";
import type { Stage, Way, XmlPart } from "./cut-place.ts";

/** How many bytes, at most, a cut falls behind the beginning of a part of XML. */
const DEEPEST = 8;

type Passed = Readonly<Record<Way, number>>;

/** Looks for the place of one cut on one connection, in the bytes as they come. */
export class CutFinder {
  readonly #stages: Stage[];
  readonly #random: (below: number) => number;
  /** How many bytes of the connection have been looked at. */
  readonly #seen = { up: 0, down: 0 };
  #search: Search | undefined;
  #found: { readonly way: Way; readonly at: number } | undefined;

  constructor(stages: readonly Stage[], random: (below: number) => number) {
    this.#stages = [...stages];
    this.#random = random;
  }

  /**
   * How many of the bytes are before the cut; undefined: it is not among them. `passed` are the bytes
   * of the connection that came before these. Bytes may be shown again, as long as they have not passed.
   */
  find(way: Way, chunk: Uint8Array, passed: Passed): number | undefined {
    const start = passed[way];
    if (this.#found === undefined) this.#look(way, chunk, start);
    this.#seen[way] = start + chunk.length;
    if (this.#found?.way !== way || this.#found.at > start + chunk.length) return undefined;
    return Math.max(0, this.#found.at - start);
  }

  #look(way: Way, chunk: Uint8Array, start: number): void {
    let from = Math.max(0, this.#seen[way] - start);
    for (;;) {
      const [stage] = this.#stages;
      if (stage?.way !== way) return;
      this.#search ??= searchFor(stage, this.#random, start + from);
      const end = this.#search(chunk, from, start);
      if (end === undefined) return;
      from = end;
      this.#search = undefined;
      this.#stages.shift();
      if (this.#stages.length === 0) this.#found = { way, at: start + end };
    }
  }
}

/** Where, at `from` or behind, a stage is over in a chunk, before which `passed` bytes have come. */
type Search = (chunk: Uint8Array, from: number, passed: number) => number | undefined;

function searchFor(stage: Stage, random: (below: number) => number, start: number): Search {
  switch (stage.kind) {
    case "bytes":
      return searchBytes(stage.bytes);
    case "within":
      return searchBytes(start + 1 + random(stage.within));
    case "after":
      return searchText(stage.texts);
    case "inside":
      return searchPart(stage.part, 1 + random(DEEPEST));
  }
}

const searchBytes =
  (target: number): Search =>
  (chunk, from, passed) =>
    passed + chunk.length < target ? undefined : Math.max(from, target - passed);

function searchText(texts: readonly Uint8Array[]): Search {
  const longest = Math.max(...texts.map((text) => text.length));
  // The last bytes before: a text may have begun there.
  let before = Buffer.alloc(0);
  return (chunk, from) => {
    const all = Buffer.concat([before, chunk.subarray(from)]);
    const ends = texts
      .map((text) => ({ at: all.indexOf(text), length: text.length }))
      .filter(({ at }) => at >= 0)
      .map(({ at, length }) => at + length);
    if (ends.length > 0) return from + Math.min(...ends) - before.length;
    before = all.subarray(Math.max(0, all.length - longest + 1));
    return undefined;
  };
}

const [LESS, MORE, SLASH, QUESTION, EXCLAMATION] = [0x3c, 0x3e, 0x2f, 0x3f, 0x21];
const QUOTES = [0x22, 0x27];
const isSpace = (byte: number): boolean => [0x20, 0x09, 0x0a, 0x0d].includes(byte);

/**
 * Cuts behind the `depth`th byte of a part, or before the byte that ends it.
 *
 *     <message to='a'><body>hello</body>
 *      ^^^^^^^^^^^^^^ tag    ^^^^^ text
 *                                 ^^^^^ end-tag
 */
function searchPart(part: XmlPart, depth: number): Search {
  // Until the first `<` or `>` the part is unknown.
  let state: "unknown" | "open" | XmlPart | "other" = "unknown";
  let quote = 0;
  let inside = 0;
  return (chunk, from) => {
    for (let index = from; index < chunk.length; index++) {
      const byte = chunk[index] ?? 0;
      const ends = byte === LESS || (byte === MORE && quote === 0 && state !== "text");
      if (ends && state === part && inside > 0) return index;
      if (byte === LESS) {
        state = "open";
        inside = 0;
        quote = 0;
        continue;
      }
      if (ends) {
        state = "text";
        inside = 0;
        continue;
      }
      if (state === "unknown") continue;
      if (state === "open") {
        if (byte === SLASH) state = "end-tag";
        else state = byte === QUESTION || byte === EXCLAMATION ? "other" : "tag";
      } else if (state === "tag" && (byte === quote || (quote === 0 && QUOTES.includes(byte)))) {
        quote = byte === quote ? 0 : byte;
      }
      // White space between stanzas is no text.
      if (state !== part || (part === "text" && inside === 0 && isSpace(byte))) continue;
      inside++;
      if (inside === depth) return index + 1;
    }
    return undefined;
  };
}
