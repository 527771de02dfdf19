import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { counted, progress, readCount } from "../../src/stream/counter.ts";

const LAST = 4_294_967_295;

test.each<[text: string | undefined, count: number | undefined]>([
  ["0", 0],
  ["7", 7],
  ["0007", 7],
  ["2147483648", 2_147_483_648],
  ["4294967295", LAST],
  ["00000000000004294967295", LAST],
  [" 7\n", 7],
  ["\t7\r", 7],
  [undefined, undefined],
  ["", undefined],
  [" ", undefined],
  ["4294967296", undefined],
  ["9".repeat(400), undefined],
  ["-1", undefined],
  ["-0", undefined],
  ["+7", undefined],
  ["7.0", undefined],
  ["7e0", undefined],
  ["0x7", undefined],
  ["7 7", undefined],
  ["\u00a07", undefined],
  ["\u0667", undefined],
  ["seven", undefined],
  ["NaN", undefined],
  ["Infinity", undefined],
])("an h of %j is %j", (text, count) => {
  expect(readCount(text)).toBe(count);
});

test.each([
  [0, 0, 0],
  [0, 1, 1],
  [LAST, 0, LAST],
  [LAST, 1, 0],
  [LAST - 1, 4, 2],
  [LAST + 8, 0, 7],
])("a counter of %d and %d more are %d", (count, more, sum) => {
  expect(counted(count, more)).toBe(sum);
});

describe("an h against the last one and the number of stanzas since", () => {
  test.each<[acked: number, unacked: number, h: number, kind: string, number: number]>([
    [0, 0, 0, "handled", 0],
    [0, 3, 0, "handled", 0],
    [0, 3, 2, "handled", 2],
    [0, 3, 3, "handled", 3],
    [5, 3, 5, "handled", 0],
    [5, 3, 8, "handled", 3],
    [0, 3, 4, "too-high", 1],
    [5, 0, 6, "too-high", 1],
    [5, 3, 100, "too-high", 92],
    [5, 3, 4, "gone-back", 1],
    [5, 0, 0, "gone-back", 5],
    // The counter wraps.
    [LAST, 1, 0, "handled", 1],
    [LAST - 1, 5, LAST, "handled", 1],
    [LAST - 1, 5, 0, "handled", 2],
    [LAST - 1, 5, 3, "handled", 5],
    [LAST - 1, 5, 4, "too-high", 1],
    [LAST - 1, 5, LAST - 2, "gone-back", 1],
    [0, 5, LAST, "gone-back", 1],
    [2, 5, LAST, "gone-back", 3],
    // Half of the ring is the border.
    [0, 0, 2 ** 31 - 1, "too-high", 2 ** 31 - 1],
    [0, 0, 2 ** 31, "gone-back", 2 ** 31],
    [7, 1, 6 + 2 ** 31, "too-high", 2 ** 31 - 2],
    [7, 1, 7 + 2 ** 31, "gone-back", 2 ** 31],
    [0, 2 ** 31 + 5, 2 ** 31 + 5, "handled", 2 ** 31 + 5],
  ])("%d acknowledged, %d since, h=%d: %s %d", (acked, unacked, h, kind, number) => {
    const found = progress(acked, unacked, h);
    expect(found).toEqual(kind === "handled" ? { kind, newly: number } : { kind, by: number });
  });

  test("each h that a peer can mean is found, wherever the counter stands", () => {
    const anywhere = fc.oneof(
      fc.integer({ min: 0, max: LAST }),
      fc.integer({ min: LAST - 100, max: LAST }),
      fc.integer({ min: 0, max: 100 }),
    );
    const some = fc.integer({ min: 0, max: 10_000 });
    fc.assert(
      fc.property(anywhere, some, some, (acked, handled, more) => {
        const unacked = handled + more;
        expect(progress(acked, unacked, counted(acked, handled))).toEqual({
          kind: "handled",
          newly: handled,
        });
        expect(progress(acked, unacked, counted(acked, unacked + 1 + more))).toEqual({
          kind: "too-high",
          by: 1 + more,
        });
        const back = counted(acked + 2 ** 32 - (1 + more));
        expect(progress(acked, unacked, back)).toEqual({ kind: "gone-back", by: 1 + more });
      }),
    );
  });
});
