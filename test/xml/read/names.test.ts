import { describe, expect, test } from "vitest";
import {
  hashOn,
  knownName,
  LONGEST_NAME,
  learnName,
  MOST_NAMES,
  makeRoom,
  SEED,
} from "../../../src/xml/read/names.ts";
import { bytesOf, record } from "../recorder.ts";

const HEADER = "<s:s xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>";

function hashOf(text: string): number {
  return bytesOf(text).reduce(hashOn, SEED);
}

function isKnown(text: string): boolean {
  const bytes = bytesOf(text);
  const padded = new Uint8Array(bytes.length + LONGEST_NAME);
  padded.set(bytes);
  const view = new DataView(padded.buffer);
  return knownName(view, 0, bytes.length, hashOf(text)) !== undefined;
}

/** Fills the table until it is emptied. */
function empty(): void {
  for (let n = 0; !makeRoom(); n++) {
    for (let time = 0; time < 2; time++) learnName(`n${n}`, hashOf(`n${n}`));
  }
}

/** Names with the same hash as a word, if each byte makes it `31 * hash + byte`. */
function* sameBy31(word: string): Generator<string> {
  const seen = new Set([word]);
  for (const name of seen) {
    for (let i = 0; i + 1 < name.length; i++) {
      for (const step of [1, -1, 2, -2]) {
        const codes = [name.charCodeAt(i) + step, name.charCodeAt(i + 1) - 31 * step] as const;
        const other = name.slice(0, i) + String.fromCharCode(...codes) + name.slice(i + 2);
        if (seen.has(other) || codes.some((code) => code < 33 || code > 126)) continue;
        seen.add(other);
        if (/^[A-Za-z_][\w.-]*$/.test(other)) yield other;
      }
    }
  }
}

describe("a peer cannot keep the names of others out of the table", () => {
  const WORDS = ["message", "presence", "body", "delay", "query", "subject"];
  const STANZA = `<message><body/><delay/><subject/></message><presence/><iq><query/></iq>`;

  test("by names that share a hash, sent when the table has just been emptied", () => {
    const once = (names: string[]) => names.map((name) => `<${name}/>`).join("");
    const fillers = Array.from({ length: MOST_NAMES * 1.5 }, (_, n) => `f${n}`);
    const chunks: string[] = [HEADER];
    for (let n = 0; n < fillers.length; n += 100) {
      chunks.push(`<a>${once(fillers.slice(n, n + 100)).repeat(2)}</a>`);
    }
    for (const word of WORDS) {
      const names = [...sameBy31(word)].slice(0, 40);
      expect(names.length).toBeGreaterThan(8);
      chunks.push(`<a>${once(names).repeat(2)}</a>`);
    }
    for (let time = 0; time < 4; time++) chunks.push(STANZA);
    const limits = { elements: 100_000 };
    expect(record(chunks, { limits }).some((event) => (event as string[])[0] === "error")).toBe(
      false,
    );
    expect(WORDS.filter((word) => !isKnown(word))).toEqual([]);
  });

  test("even by names that share a hash: the table is emptied after some of them", () => {
    empty();
    const hash = 12_345;
    const isLearned = (name: string) => {
      makeRoom();
      return (learnName(name, hash)?.id ?? -1) >= 0;
    };
    expect(isLearned("first")).toBe(false);
    for (let n = 0; n < 16; n++) expect(isLearned(`first${n}`)).toBe(true);
    let tries = 0;
    while (!isLearned("victim")) tries++;
    expect(tries).toBeGreaterThan(0);
    expect(tries).toBeLessThan(100);
  });
});

test("two names that come in turn are both learned, whatever their hashes", () => {
  const forgotten: number[] = [];
  for (let n = 1; n < 12_000; n++) {
    if (n % 100 === 1) empty();
    const [one, other] = [n, n + 1_000_000].map((seed) => Math.imul(seed, 0x2545f491));
    learnName(`a${n}`, one ?? 0);
    learnName(`b${n}`, other ?? 0);
    const learned = [learnName(`a${n}`, one ?? 0), learnName(`b${n}`, other ?? 0)];
    if (learned.some((name) => (name?.id ?? -1) < 0)) forgotten.push(n);
  }
  expect(forgotten).toEqual([]);
});

test("names with one first part are spread over the table", () => {
  empty();
  const learned = Array.from({ length: 1000 }, (_, n) => {
    const name = `item${n}`;
    learnName(name, hashOf(name));
    return learnName(name, hashOf(name))?.id ?? -1;
  });
  expect(learned.filter((id) => id < 0).length).toBeLessThan(20);
});
