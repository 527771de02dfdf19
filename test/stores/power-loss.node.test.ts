import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileStore } from "../../src/store.ts";
import { contentOf, entry, keysOf, newDirectory, OWNER, removeDirectories } from "./place.ts";

/** The part of the files that a loss of power leaves: their content, and the directories whose names are durable. */
const durable = vi.hoisted(() => ({
  contents: new Map<string, Buffer>(),
  names: new Map<string, readonly string[]>(),
}));

vi.mock("node:fs/promises", async (load) => {
  const real = await load<typeof import("node:fs/promises")>();
  const fs = await import("node:fs");
  const open = async (...given: Parameters<typeof real.open>): Promise<FileHandle> => {
    const handle = await real.open(...given);
    const path = String(given[0]);
    const keep = () => {
      if (fs.statSync(path).isDirectory()) durable.names.set(path, fs.readdirSync(path));
      else durable.contents.set(path, fs.readFileSync(path));
    };
    const { sync, datasync } = handle;
    handle.sync = async () => {
      await sync.call(handle);
      keep();
    };
    handle.datasync = async () => {
      await datasync.call(handle);
      keep();
    };
    return handle;
  };
  const link: typeof real.link = async (from, to) => {
    await real.link(from, to);
    durable.contents.set(String(to), durable.contents.get(String(from)) ?? Buffer.alloc(0));
  };
  const rename: typeof real.rename = async (from, to) => {
    await real.rename(from, to);
    durable.contents.set(String(to), durable.contents.get(String(from)) ?? Buffer.alloc(0));
  };
  return { ...real, open, link, rename };
});

beforeEach(() => {
  durable.contents.clear();
  durable.names.clear();
});
afterEach(removeDirectories);

/** A copy of a directory with what is durable. Names that are not durable are there all the same, or are not. */
function afterPowerLoss(directory: string, keepsNames: boolean): string {
  const copy = newDirectory();
  const names = keepsNames ? readdirSync(directory) : (durable.names.get(directory) ?? []);
  for (const name of names) {
    if (!readdirSync(directory).includes(name)) continue;
    const content = durable.contents.get(join(directory, name)) ?? Buffer.alloc(0);
    // (The lock is the one of this run of the machine, which is over then.)
    const text = content.toString("latin1").replace(/"boot":"[^"]*"/, '"boot":"an earlier one"');
    writeFileSync(join(copy, name), text, "latin1");
  }
  return copy;
}

const options = { segmentBytes: 4096 };
const wide = (key: string) => entry(key, `<message id='${key}'>${"x".repeat(700)}</message>`);

describe.each([
  ["that keeps all names", true],
  ["that keeps no name that was not made durable", false],
])("a loss of power %s", (_name, keepsNames) => {
  test("at any moment damages nothing, and loses nothing that was stored", async () => {
    const directory = newDirectory();
    const store = fileStore(directory, options);
    await store.open(OWNER);
    const waiting = new Set<string>();
    const check = async () => {
      const left = await keysOf(fileStore(afterPowerLoss(directory, keepsNames), options));
      expect(left.filter((key) => waiting.has(key))).toEqual([...waiting]);
    };
    await check();
    for (let count = 0; count < 40; count++) {
      const key = `key ${count}`;
      await store.append([wide(key)]);
      waiting.add(key);
      await check();
      // Each file ends with a removal, which is not made durable by itself.
      const gone = `key ${count - 2}`;
      if (count % 3 === 0 && waiting.delete(gone)) await store.remove([gone]);
      await check();
    }
    await store.close();
    await check();
  });
});

test("the content that a killed process has left is durable once it is found", async () => {
  const killed = newDirectory();
  const writer = fileStore(killed, options);
  await writer.open(OWNER);
  await writer.append([wide("a"), wide("b")]);
  const next = newDirectory();
  for (const name of readdirSync(killed)) {
    if (name !== "lock") writeFileSync(join(next, name), readFileSync(join(killed, name)));
  }
  expect(await keysOf(fileStore(next, options))).toEqual(["a", "b"]);
  const log = join(next, "0000000001.log");
  expect(durable.contents.get(log)?.equals(readFileSync(log))).toBe(true);
  await writer.close();
});

test("the name of a new directory is durable, and those of its parents", async () => {
  const directory = join(newDirectory(), "deep", "outbox");
  await contentOf(fileStore(directory));
  const deep = dirname(directory);
  expect(durable.names.get(deep)).toEqual([basename(directory)]);
  expect(durable.names.get(dirname(deep))).toEqual([basename(deep)]);
});
