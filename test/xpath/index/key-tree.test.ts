import fc from "fast-check";
import { expect, test } from "vitest";
import { prepare } from "../../../src/xpath/compile.ts";
import { keysOf } from "../../../src/xpath/index/conditions.ts";
import type { Key } from "../../../src/xpath/index/key.ts";
import { KeyTree } from "../../../src/xpath/index/key-tree.ts";
import { Random, randomFilter } from "../random.ts";

test("a tree of keys is as empty as before once all is removed, in whatever order", () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const random = new Random(seed);
      const tree = new KeyTree<number>();
      const added: [Key, number][] = [];
      for (let item = 0; item < 40; item++) {
        const namespaces = { p: "urn:p", q: "urn:q" };
        const keys = keysOf(prepare(randomFilter(random), { namespaces })) ?? [];
        for (const key of keys) {
          tree.add(key, item);
          added.push([key, item]);
        }
      }
      while (added.length > 0) {
        const [[key, item] = []] = added.splice(random.below(added.length), 1);
        if (key !== undefined && item !== undefined) tree.delete(key, item);
      }
      expect(tree.isEmpty).toBe(true);
    }),
  );
});
