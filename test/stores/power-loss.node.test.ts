import { fstatSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileStore } from "../../src/store.ts";
import {
  contentOf,
  entry,
  handlePrototype,
  keysOf,
  newDirectory,
  OWNER,
  removeDirectories,
} from "./place.ts";

/** The directories, and the part of them that a loss of power leaves: contents by a file's number, and names. */
const watched = new Set<string>();
const contents = new Map<number, Buffer>();
const durableNames = new Map<string, readonly string[]>();

/** The file or directory of this handle is durable as it is now. */
function keep({ fd }: FileHandle): void {
  const { ino } = fstatSync(fd);
  for (const directory of watched) {
    if (statSync(directory, { throwIfNoEntry: false }) === undefined) continue;
    if (statSync(directory).ino === ino) durableNames.set(directory, readdirSync(directory));
    for (const path of readdirSync(directory).map((name) => join(directory, name))) {
      if (statSync(path).ino === ino && statSync(path).isFile()) {
        contents.set(ino, readFileSync(path));
      }
    }
  }
}

beforeEach(async () => {
  const prototype = await handlePrototype();
  for (const call of ["sync", "datasync"] as const) {
    const real = Reflect.get(prototype, call);
    vi.spyOn(prototype, call).mockImplementation(async function (this: FileHandle) {
      await real.call(this);
      keep(this);
    });
  }
});

afterEach(() => {
  vi.restoreAllMocks();
  for (const each of [watched, contents, durableNames]) each.clear();
  removeDirectories();
});

function watchedDirectory(): string {
  const directory = newDirectory();
  watched.add(directory);
  return directory;
}

/** A copy of a directory with what is durable. Names that are not durable are there all the same, or are not. */
function afterPowerLoss(directory: string, keepsNames: boolean): string {
  const copy = newDirectory();
  const names = keepsNames ? readdirSync(directory) : (durableNames.get(directory) ?? []);
  for (const name of names) {
    if (!readdirSync(directory).includes(name)) continue;
    const content = contents.get(statSync(join(directory, name)).ino) ?? Buffer.alloc(0);
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
    const directory = watchedDirectory();
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
  const next = watchedDirectory();
  for (const name of readdirSync(killed)) {
    if (!name.startsWith("lock")) writeFileSync(join(next, name), readFileSync(join(killed, name)));
  }
  expect(await keysOf(fileStore(next, options))).toEqual(["a", "b"]);
  const log = join(next, "0000000001.log");
  expect(contents.get(statSync(log).ino)?.equals(readFileSync(log))).toBe(true);
  await writer.close();
});

test("the name of a new directory is durable, and those of its parents", async () => {
  const directory = join(watchedDirectory(), "deep", "outbox");
  const deep = dirname(directory);
  watched.add(deep);
  await contentOf(fileStore(directory));
  expect(durableNames.get(deep)).toEqual([basename(directory)]);
  expect(durableNames.get(dirname(deep))).toEqual([basename(deep)]);
});
