import { existsSync, readdirSync, truncateSync } from "node:fs";
import type * as Files from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { fileStore } from "../../src/store.ts";
import { salvage } from "../../src/stores/salvage/salvage.ts";
import { codeOf } from "../../src/stores/store-error.ts";
import {
  copyOf,
  entry,
  keysOf,
  newDirectory,
  OWNER,
  removeDirectories,
  replaceCalls,
} from "../stores/place.ts";

/** Calls of the system so far, and the ones that fail. */
const state = vi.hoisted(() => ({
  calls: 0,
  fails: undefined as ((call: number) => string | undefined) | undefined,
  check(): void {
    state.calls++;
    const code = state.fails?.(state.calls);
    if (code !== undefined) throw Object.assign(new Error(`${code}: a fault`), { code });
  },
}));

vi.mock("node:fs/promises", async (original) => {
  const real = await original<typeof Files>();
  const names = ["open", "mkdir", "readdir", "rename", "rm", "link", "stat", "writeFile"] as const;
  const faulty = names.map((name) => [
    name,
    async (...given: unknown[]) => {
      state.check();
      return await (real[name] as (...words: unknown[]) => unknown)(...given);
    },
  ]);
  return { ...real, ...(Object.fromEntries(faulty) as Partial<typeof Files>) };
});

beforeEach(async () => {
  const calls = ["write", "writeFile", "sync", "datasync", "readFile", "stat"] as const;
  await replaceCalls(calls, async (call, act) => {
    state.check();
    // (Nothing here needs a disk that turns.)
    return call.endsWith("sync") ? undefined : await act();
  });
});

afterEach(() => {
  state.fails = undefined;
  vi.restoreAllMocks();
  removeDirectories();
});

const options = { segmentBytes: 4096 };
const wide = (key: string) => entry(key, `<message id='${key}'>${"x".repeat(1500)}</message>`);

/** A store's day: it is opened, filled, emptied in part, closed, and opened again. */
async function day(directory: string): Promise<{ stored: Set<string>; failed: Set<string> }> {
  const stored = new Set<string>();
  const failed = new Set<string>();
  const isFault = (error: unknown) => {
    expect(error).toMatchObject({ code: "STORE_FAILED" });
  };
  for (const part of ["a", "b"]) {
    const store = fileStore(directory, options);
    const keys = Array.from({ length: 4 }, (_, index) => `${part}${index}`);
    try {
      await store.open(OWNER);
    } catch (error) {
      isFault(error);
      continue;
    }
    for (const key of keys) {
      failed.add(key);
      await store.append([wide(key)]).then(() => {
        failed.delete(key);
        stored.add(key);
      }, isFault);
    }
    for (const key of keys.slice(0, 3)) {
      stored.delete(key);
      await store.remove([key]);
    }
    await store.close().catch(isFault);
  }
  return { stored, failed };
}

/** The store as it was left, and as a killed process has left it, is whole and holds what was stored. */
async function check(
  directory: string,
  { stored, failed }: Awaited<ReturnType<typeof day>>,
  goesOn: boolean,
) {
  const isThere = existsSync(directory);
  for (const left of isThere ? [copyOf(directory), directory] : [directory]) {
    const keys = await keysOf(fileStore(left, options));
    expect(keys.filter((key) => stored.has(key))).toEqual([...stored]);
    // (A disk that takes nothing any more cannot be rid of what it took before.)
    if (!goesOn) expect(keys.filter((key) => failed.has(key))).toEqual([]);
  }
}

test.each([
  ["EIO of one call of the system", "EIO", 1, (call: number, at: number) => call === at],
  [
    "EROFS of three in a row",
    "EROFS",
    3,
    (call: number, at: number) => call >= at && call < at + 3,
  ],
  ["ENOSPC of all from one on", "ENOSPC", 3, (call: number, at: number) => call >= at],
])("%s damages nothing, and loses nothing that was stored", async (_name, code, step, isFaulty) => {
  state.calls = 0;
  await day(join(newDirectory(), "outbox"));
  const most = state.calls;
  expect(most).toBeGreaterThan(60);
  for (let at = 1; at <= most; at += step) {
    const directory = join(newDirectory(), "outbox");
    state.calls = 0;
    state.fails = (call) => (isFaulty(call, at) ? code : undefined);
    const result = await day(directory);
    state.fails = undefined;
    await check(directory, result, code === "ENOSPC").catch((error: unknown) => {
      throw new Error(`call ${at}`, { cause: error });
    });
  }
});

test("a salvage that is killed at any call is brought to its end by the next, without loss", async () => {
  const damagedStore = async () => {
    const directory = newDirectory();
    const store = fileStore(directory, options);
    await store.open(OWNER);
    for (const key of ["a", "b", "c"]) await store.append([wide(key)]);
    await store.close();
    truncateSync(join(directory, "manifest"), 0);
    return directory;
  };
  state.calls = 0;
  await salvage(await damagedStore(), OWNER);
  const most = state.calls;
  let resumed = 0;
  for (let at = 1; at <= most; at++) {
    const directory = await damagedStore();
    state.calls = 0;
    state.fails = (call) => (call >= at ? "EIO" : undefined);
    const ended = await salvage(directory, OWNER).then(() => "done", codeOf);
    expect(["STORE_FAILED", "done"]).toContain(ended);
    state.fails = undefined;
    // Meanwhile no broker takes it for a whole store.
    const opened = await keysOf(fileStore(copyOf(directory), options)).catch(codeOf);
    expect(["STORE_DAMAGED", "a b c"]).toContain([opened].flat().join(" "));
    const names = readdirSync(directory);
    const isCopied = names.some((name) => name.startsWith("salvaged-"));
    if (isCopied) resumed++;
    if (ended === "done" || (opened !== "STORE_DAMAGED" && !isCopied)) continue;
    expect(await salvage(directory, isCopied ? undefined : OWNER)).toMatchObject({ kept: 3 });
    expect(await keysOf(fileStore(directory, options))).toEqual(["a", "b", "c"]);
    const left = readdirSync(directory).map((name) => name.replace(/-.*/, ""));
    // (The draft of a lock may be left that holds nothing yet.)
    const others = left.filter((name) => !name.endsWith(".log") && !name.startsWith("lock."));
    expect(others).toEqual(["damaged", "manifest"]);
  }
  expect(resumed).toBeGreaterThan(5);
});
