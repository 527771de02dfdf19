import { afterEach, describe, expect, test } from "vitest";
import { fileStore, type OutboxStore, type StorePlace, storeCases } from "../../src/store.ts";
import { MemoryPlace } from "./memory-place.ts";
import { copyOf, newDirectory, removeDirectories } from "./place.ts";

afterEach(removeDirectories);

describe.each([
  ["files of the usual size", undefined],
  ["files that hold a few entries", 4096],
])("%s", (_, segmentBytes) => {
  const placeIn = (directory: string): StorePlace => ({
    store: () => fileStore(directory, { segmentBytes }),
    killed: () => placeIn(copyOf(directory)),
  });
  const cases = storeCases(() => placeIn(newDirectory()));
  test.each(cases.map(({ name, run }) => [name, run] as const))("%s", async (_name, run) => {
    await run();
  });
});

/** A place in memory whose stores are broken in one way. */
function broken(
  fault: (store: OutboxStore) => Partial<OutboxStore>,
  memory = new MemoryPlace(),
): StorePlace {
  return {
    store: () => {
      const store = memory.store();
      return { ...store, ...fault(store) };
    },
    killed: () => {
      const copy = new MemoryPlace();
      copy.entries = [...memory.entries];
      return broken(fault, copy);
    },
  };
}

describe("a store of somebody else's that", () => {
  test.each<[string, (store: OutboxStore) => Partial<OutboxStore>, string]>([
    [
      "loses the order",
      (store) => ({
        append: (entries) => store.append([...entries].sort((a, b) => (a.key < b.key ? -1 : 1))),
      }),
      "entries are there at the next start, in order and unchanged",
    ],
    [
      "loses the last entry",
      (store) => ({
        append: (entries) => store.append(entries.length > 1 ? entries.slice(0, -1) : entries),
      }),
      "entries are there at the next start, in order and unchanged",
    ],
    [
      "calls an append durable before it is",
      (store) => {
        const late: (() => Promise<void>)[] = [];
        return {
          append: (entries) => {
            late.push(() => store.append(entries));
            return Promise.resolve();
          },
          close: async () => {
            for (const each of late.splice(0)) await each();
            await store.close();
          },
        };
      },
      "what is appended outlives a process that is killed then",
    ],
    [
      "appends one entry after another",
      (store) => ({
        append: async (entries) => {
          for (const each of entries) await store.append([each]);
        },
      }),
      "a process that is killed during an append leaves all of it, or nothing",
    ],
    [
      "loses members that it does not know",
      (store) => ({
        append: (entries) =>
          store.append(
            entries.map(({ key, kind, text, sent, expires, tries }) => {
              return { key, kind, text, sent, expires, tries };
            }),
          ),
      }),
      "members that a store does not know are kept",
    ],
    [
      "removes nothing",
      () => ({ remove: () => Promise.resolve() }),
      "removed entries are gone, and the others keep their order",
    ],
  ])("%s is found", async (_name, fault, wanted) => {
    const found: string[] = [];
    for (const { name, run } of storeCases(() => broken(fault))) {
      await run().catch((error: unknown) => {
        expect(error).toMatchObject({ code: "STORE_UNFIT" });
        found.push(name);
      });
    }
    expect(found).toContain(wanted);
  });

  test("is sound is found sound", async () => {
    for (const { run } of storeCases(() => broken(() => ({})))) await run();
  });
});
