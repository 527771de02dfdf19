import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, expect, test, vi } from "vitest";
import { fileStore, type StoredEntry } from "../../src/store.ts";
import { entry, keysOf, newDirectory, OWNER, removeDirectories, replaceCalls } from "./place.ts";

afterEach(() => {
  vi.restoreAllMocks();
  removeDirectories();
});

/** A store that holds entries of an earlier process, and is open. None of them is read yet. */
async function openWith(...keys: string[]) {
  const directory = newDirectory();
  const first = fileStore(directory);
  await first.open(OWNER);
  await first.append(keys.map((key) => entry(key)));
  await first.close();
  const store = fileStore(directory);
  const { entries } = await store.open(OWNER);
  return { directory, store, entries };
}

async function keysIn(entries: AsyncIterable<StoredEntry>): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of entries) found.push(key);
  return found;
}

test("an append while a file is read is no damage", async () => {
  const { directory, store, entries } = await openWith("a");
  // (The append ends after the file was read, and before its reader goes on.)
  await replaceCalls(["readFile"], async (_call, act) => {
    const content = await act();
    await store.append([entry("b")]);
    return content;
  });
  const found = await keysIn(entries);
  vi.restoreAllMocks();
  expect(found).toEqual(["a"]);
  await store.close();
  expect(await keysOf(fileStore(directory))).toEqual(["a", "b"]);
});

test("an entry that is removed before it is read is not read, and is gone at the next start", async () => {
  const { directory, store, entries } = await openWith("a", "b", "c");
  await store.remove(["b", "nothing"]);
  await store.append([entry("b", "<message id='new'/>")]);
  expect(await keysIn(entries)).toEqual(["a", "c"]);
  await store.close();
  expect(await keysOf(fileStore(directory))).toEqual(["a", "c", "b"]);
});

test("a key that stands there twice is removed as a whole before it is read", async () => {
  const { directory, store: second } = await openWith("a", "b");
  await second.append([entry("b", "<message id='late'/>")]);
  await second.close();
  const store = fileStore(directory);
  const { entries } = await store.open(OWNER);
  await store.remove(["b"]);
  expect(await keysIn(entries)).toEqual(["a"]);
  await store.close();
  expect(await keysOf(fileStore(directory))).toEqual(["a"]);
});

test("the keys of what is removed while nothing is read are not all kept", async () => {
  const { store, entries } = await openWith("a", "b");
  await store.remove(["a"]);
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void;
  const used = () => {
    collect();
    return process.memoryUsage().heapUsed;
  };
  const before = used();
  for (let round = 0; round < 40; round++) {
    const keys = Array.from({ length: 100 }, (_, each) => `${round} ${each}`.padEnd(10_000, "x"));
    await store.append(keys.map((key) => entry(key, "<message/>")));
    await store.remove(keys);
  }
  // (They are 40 MB.)
  expect(used() - before).toBeLessThan(12_000_000);
  expect(await keysIn(entries)).toEqual(["b"]);
  await store.close();
});
