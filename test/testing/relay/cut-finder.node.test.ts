import { describe, expect, test } from "vitest";
import { CutFinder } from "../../../src/testing/relay/cut-finder.ts";
import { type CutPlace, cutMoments, stagesOf } from "../../../src/testing/relay/cut-place.ts";
import { seededRandom } from "../../../src/testing/relay/seeded-random.ts";

const LOGIN = `
  up   <stream:stream to='a'>
  down <stream:stream><features/>
  up   <auth mechanism='PLAIN'>AGEAYg==</auth>
  down <success/>
  up   <iq id='1'><bind xmlns='x'><resource>here</resource></bind></iq>
  down <iq id='1'/>
  up   <resume previd='x' h='1'/>
  down <resumed previd='x' h='0'/>
  up   <message to='b' note='a > b'><body>hello</body></message>
  down <a h='1'/>`;

const steps = LOGIN.trim()
  .split("\n")
  .map((line) => {
    const [, way = "up", text = ""] = /^ *(up|down) +(.*)$/.exec(line) ?? [];
    return { way: way === "up" ? "up" : "down", text } as const;
  });

/** The bytes that passed before the cut, each way; each step comes in pieces of so many bytes. */
function passedBefore(place: CutPlace, seed = 1, size = 1000) {
  const finder = new CutFinder(stagesOf(place), seededRandom(seed));
  const passed = { up: "", down: "" };
  for (const { way, text } of steps) {
    for (let start = 0; start < text.length; start += size) {
      const piece = text.slice(start, start + size);
      const lengths = { up: passed.up.length, down: passed.down.length };
      const length = finder.find(way, new TextEncoder().encode(piece), lengths);
      if (length !== undefined) {
        passed[way] += piece.slice(0, length);
        return { ...passed, cut: true };
      }
      passed[way] += piece;
    }
  }
  return { ...passed, cut: false };
}

const seeds = Array.from({ length: 50 }, (_, seed) => seed);

describe("a place", () => {
  test.each<[CutPlace, "up" | "down", RegExp]>([
    [{ bytes: 10 }, "up", /^.{10}$/],
    [{ bytes: 30, way: "down" }, "down", /^.{30}$/],
    [{ bytes: 0 }, "up", /^$/],
    [{ within: 7 }, "up", /^.{1,7}$/],
    [{ after: "PLAIN" }, "up", /PLAIN$/],
    [{ after: "<features", way: "down" }, "down", /<features$/],
    [{ after: "hello", inside: "end-tag" }, "up", /hello<\/b?o?d?y?$/],
    [{ after: "<auth", inside: "text" }, "up", /'>A?G?E?A?Y?g?=?=?$/],
    [{ after: "<resumed", inside: "tag", way: "down" }, "down", /'0'\/><a?( h?=?'?1?'?\/?)?$/],
    ["tag", "up", /^<[stream:]{1,8}$/],
    ["text", "up", /mechanism='PLAIN'>[AGEYg=]{1,8}$/],
    ["end-tag", "up", /==<\/a?u?t?h?$/],
    ["sasl", "up", /<auth[^<]{1,16}$/],
    ["bind", "up", /<bind.{1,16}$/],
    ["resume", "up", /<resume previd='x' h='1'\/>$/],
  ])("%j is found %s in the same place however the bytes come", (place, way, expected) => {
    const found = new Set<string>();
    for (const seed of seeds) {
      const whole = passedBefore(place, seed);
      expect(whole.cut).toBe(true);
      expect(whole[way]).toMatch(expected);
      for (const size of [1, 3, 7]) expect(passedBefore(place, seed, size)).toEqual(whole);
      found.add(whole[way]);
    }
    // The seed decides where a place leaves it open.
    const isOpen =
      typeof place === "string" ? place !== "resume" : "within" in place || "inside" in place;
    if (isOpen) expect(found.size).toBeGreaterThan(1);
    else expect(found.size).toBe(1);
  });

  test("inside a tag is not ended by a > in an attribute", () => {
    const text = `<m a="x > 'y" b='x > "y'>hello world</m>`;
    for (const seed of seeds) {
      const finder = new CutFinder(stagesOf("text"), seededRandom(seed));
      const length = finder.find("up", new TextEncoder().encode(text), { up: 0, down: 0 });
      expect(text.slice(0, length)).toMatch(/>hello?(?: w?o?)?$|>he?l?$/);
    }
  });

  test("in the replay is behind <resumed/>, in what the client sends", () => {
    const found = seeds.map((seed) => passedBefore("replay", seed)).filter(({ cut }) => cut);
    expect(found.length).toBeGreaterThan(0);
    for (const { up, down } of found) {
      expect(up).toMatch(/h='1'\/><.*$/);
      expect(down).toMatch(/<resumed [^<]*$/);
    }
  });

  test("that does not come is not found", () => {
    expect(passedBefore({ after: "nowhere" }).cut).toBe(false);
    expect(passedBefore("tls").cut).toBe(false);
    expect(passedBefore({ bytes: 10_000 }).cut).toBe(false);
  });

  test("tls is inside the handshake, behind the end of the clear text", () => {
    for (const seed of seeds) {
      const finder = new CutFinder(stagesOf("tls"), seededRandom(seed));
      expect(
        finder.find("up", new TextEncoder().encode("<starttls/>"), { up: 0, down: 0 }),
      ).toBeUndefined();
      const hello = new Uint8Array(300).fill(1);
      hello[0] = 0x16;
      const length = finder.find("up", hello, { up: 11, down: 0 });
      expect(length).toBeGreaterThan(1);
      expect(length).toBeLessThanOrEqual(201);
    }
  });

  test("is found again in bytes that were held back", () => {
    const finder = new CutFinder(stagesOf({ after: "b" }), seededRandom(1));
    const bytes = new TextEncoder().encode("aabaab");
    expect(finder.find("up", bytes, { up: 0, down: 0 })).toBe(3);
    // Another cut fell before it, and the rest is shown once more.
    expect(finder.find("up", bytes.subarray(1), { up: 1, down: 0 })).toBe(2);
    // Bytes that were looked at count once.
    const twice = new CutFinder(stagesOf({ after: "abab" }), seededRandom(1));
    const once = new TextEncoder().encode("xab");
    expect(twice.find("up", once, { up: 0, down: 0 })).toBeUndefined();
    expect(twice.find("up", once.subarray(1), { up: 1, down: 0 })).toBeUndefined();
    expect(twice.find("up", new TextEncoder().encode("ab"), { up: 3, down: 0 })).toBe(2);
  });
});

test.each<[unknown, string]>([
  [
    "lunch",
    `at must be one of ${[...cutMoments, "tag", "text", "end-tag"].map((m) => `"${m}"`).join(", ")}, got "lunch"`,
  ],
  [5, "at must be an object, got 5"],
  [{}, "at must be a moment, or bytes, within or after"],
  [{ bytes: -1 }, "at.bytes must be a whole number of at least 0, got -1"],
  [{ within: 0 }, "at.within must be a whole number of at least 1, got 0"],
  [{ after: "" }, "at.after must be a text that is not empty"],
  [{ after: "x", inside: "word" }, 'at.inside must be one of "tag", "text", "end-tag"'],
  [{ bytes: 1, way: "left" }, 'at.way must be one of "up", "down", got "left"'],
  [{ bytes: 1, inside: "tag" }, "an option of at must be one of bytes, way"],
  [{ within: 1, after: "x" }, "an option of at must be one of within, way"],
])("%j is no place: %s", (place, message) => {
  expect(() => stagesOf(place as CutPlace)).toThrow(
    expect.objectContaining({
      code: "BAD_OPTION",
      message: expect.stringContaining(message) as string,
    }) as Error,
  );
});

test("the same seed gives the same numbers, another one others, all below the bound", () => {
  const numbers = (seed: number): number[] => {
    const random = seededRandom(seed);
    return Array.from({ length: 1000 }, () => random(10));
  };
  expect(numbers(1)).toEqual(numbers(1));
  expect(numbers(1)).not.toEqual(numbers(2));
  expect(new Set(numbers(3))).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
});
