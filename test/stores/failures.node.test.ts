import { execFileSync } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { fileStore, type StoredEntry } from "../../src/store.ts";
import { checkedLine } from "../../src/stores/checked-line.ts";
import { contentOf, entry, keysOf, newDirectory, OWNER, removeDirectories } from "./place.ts";

afterEach(removeDirectories);

const isRoot = process.getuid?.() === 0;
const KILOBYTE = 1024;

/** A disk of so many kilobytes, for as long as the action takes. */
async function onSmallDisk(kilobytes: number, action: (directory: string) => Promise<void>) {
  const disk = newDirectory();
  execFileSync("mount", ["-t", "tmpfs", "-o", `size=${kilobytes}k`, "tmpfs", disk]);
  try {
    await action(disk);
  } finally {
    execFileSync("umount", ["-l", disk]);
  }
}

const large = (key: string): StoredEntry => entry(key, `<message>${"x".repeat(3000)}</message>`);

describe.runIf(isRoot && process.platform === "linux")("a full disk", () => {
  test("fails the append, which leaves nothing behind, and takes more once there is room", () =>
    onSmallDisk(128, async (disk) => {
      const store = fileStore(join(disk, "outbox"), { segmentBytes: 16 * KILOBYTE });
      await store.open(OWNER);
      const stored: string[] = [];
      const failed: string[] = [];
      for (let count = 0; count < 60; count++) {
        const key = `key ${count}`;
        await store.append([large(key)]).then(
          () => stored.push(key),
          (error: unknown) => {
            expect(error).toMatchObject({ code: "STORE_FAILED", retryable: true });
            failed.push(key);
          },
        );
      }
      expect(failed.length).toBeGreaterThan(10);
      expect(failed).toContain("key 59");
      // Settled files are deleted although the disk is full.
      const removed = stored.splice(0, 20);
      await store.remove(removed);
      for (let count = 60; count < 70; count++) {
        await store.append([large(`key ${count}`)]);
        stored.push(`key ${count}`);
      }
      await store.close();
      expect(await keysOf(store)).toEqual(stored);
    }));

  test("refuses to open, and says so", () =>
    onSmallDisk(16, async (disk) => {
      writeFileSync(join(disk, "filler"), Buffer.alloc(8 * KILOBYTE));
      const store = fileStore(join(disk, "outbox"));
      await expect(store.open(OWNER)).rejects.toMatchObject({
        code: "STORE_FAILED",
        retryable: true,
      });
      rmSync(join(disk, "filler"));
      const small = fileStore(join(disk, "outbox"), { segmentBytes: 4 * KILOBYTE });
      await expect(small.open(OWNER)).resolves.toBeDefined();
      await small.close();
    }));
});

describe("a directory that is", () => {
  const gone = (directory: string) => {
    rmSync(directory, { recursive: true });
  };
  const moved = (directory: string) => {
    renameSync(directory, `${directory}.moved`);
  };

  test.each([
    ["gone", gone],
    [
      "gone and made again",
      (directory: string) => {
        gone(directory);
        mkdirSync(directory);
      },
    ],
    ["moved", moved],
    [
      "moved, with another in its place",
      (directory: string) => {
        moved(directory);
        mkdirSync(directory);
      },
    ],
    [
      "replaced by a link to another",
      (directory: string) => {
        moved(directory);
        symlinkSync(newDirectory(), directory);
      },
    ],
  ])("%s loses nothing that was stored", async (_name, fault) => {
    const directory = join(newDirectory(), "outbox");
    const store = fileStore(directory, { segmentBytes: 4 * KILOBYTE });
    await store.open(OWNER);
    // (One file is open, and the next is to be made.)
    await store.append([entry("a")]);
    fault(directory);
    // The store looks at its file again.
    const later = vi.spyOn(performance, "now").mockReturnValue(performance.now() + 1000);
    onTestFinished(() => {
      later.mockRestore();
    });
    const stored: string[] = [];
    for (const key of ["b", "c", "d", "e"]) {
      await store.append([large(key)]).then(
        () => stored.push(key),
        (error: unknown) => {
          expect(error).toMatchObject({ code: "STORE_FAILED" });
        },
      );
    }
    await store.close();
    // (A directory that was moved still has its files on the disk.)
    const moved = `${directory}.moved`;
    const isMoved = existsSync(moved);
    const left = isMoved ? await keysOf(fileStore(moved)) : [];
    expect(left).toEqual(isMoved ? ["a", ...stored] : stored);
    // It is a new store, if it is one at all.
    expect(await keysOf(fileStore(directory))).toEqual([]);
  });
});

test("a link in the place of a new file is not followed", async () => {
  const directory = newDirectory();
  const letter = join(newDirectory(), "letter.txt");
  writeFileSync(letter, "wherefore");
  symlinkSync(letter, join(directory, "manifest.new"));
  const store = fileStore(directory, { segmentBytes: 4 * KILOBYTE });
  await store.open(OWNER);
  symlinkSync(letter, join(directory, "0000000001.log"));
  await store.append([entry("a")]);
  await store.close();
  expect(readFileSync(letter, "utf8")).toBe("wherefore");
  expect(await keysOf(store)).toEqual(["a"]);
});

test("a settled file that cannot be deleted fails no append, and is deleted later", async () => {
  const directory = newDirectory();
  const store = fileStore(directory, { segmentBytes: 4 * KILOBYTE });
  await store.open(OWNER);
  await store.append([large("a")]);
  // (A directory of that name cannot be deleted so.)
  const file = join(directory, "0000000001.log");
  renameSync(file, `${file}.aside`);
  mkdirSync(join(file, "full"), { recursive: true });
  await store.remove(["a"]);
  for (const key of ["b", "c"]) await store.append([large(key)]);
  await store.remove(["b"]);
  rmSync(file, { recursive: true });
  renameSync(`${file}.aside`, file);
  await store.append([large("d")]);
  expect(existsSync(file)).toBe(false);
  await store.close();
  expect(await keysOf(store)).toEqual(["c", "d"]);
});

test("keys and texts may hold anything that a string can", async () => {
  const store = fileStore(newDirectory(), { segmentBytes: 4 * KILOBYTE });
  const keys = [
    "\u0000",
    "\ud800",
    "\udc00\ud800",
    "\n\r\u2028",
    "__proto__",
    "",
    "k".repeat(65_536),
  ];
  await store.open(OWNER);
  await store.append(keys.map((key) => entry(key, `<message>${key}</message>`)));
  await store.close();
  expect(await contentOf(store)).toEqual(
    keys.map((key) => entry(key, `<message>${key}</message>`)),
  );
  await store.open(OWNER);
  await store.remove(keys.slice(1));
  await store.close();
  expect(await keysOf(store)).toEqual(["\u0000"]);
});

test("an entry that is no JSON rejects, and its key can be used again", async () => {
  const store = fileStore(newDirectory());
  await store.open(OWNER);
  await expect(store.append([{ ...entry("a"), more: 1n }])).rejects.toThrow("BigInt");
  await store.append([entry("a")]);
  await store.close();
  expect(await keysOf(store)).toEqual(["a"]);
});

test("appends that are under way when the store is closed are stored, or reject", async () => {
  const store = fileStore(newDirectory(), { segmentBytes: 4 * KILOBYTE });
  for (let round = 0; round < 20; round++) {
    await store.open(OWNER);
    const appends = ["a", "a", "b"].map((key) => store.append([large(`${round} ${key}`)]));
    const closing = store.close();
    const done = await Promise.allSettled([...appends, store.append([entry("late")])]);
    await closing;
    expect(done.map(({ status }) => status)).toEqual([
      ...["fulfilled", "fulfilled", "fulfilled"],
      "rejected",
    ]);
    const keys = await keysOf(store);
    expect(keys.slice(-2)).toEqual([`${round} a`, `${round} b`]);
    expect(keys).toHaveLength(2 * (round + 1));
  }
});

test("a directory without rights is refused", async () => {
  const directory = newDirectory();
  chmodSync(directory, 0o500);
  // Root has all rights, so it acts as another user here.
  if (isRoot) process.seteuid?.(65_534);
  try {
    await expect(fileStore(directory).open(OWNER)).rejects.toMatchObject({
      code: "STORE_FAILED",
      retryable: false,
    });
  } finally {
    if (isRoot) process.seteuid?.(0);
  }
});

test("a file in the place of the directory is refused", async () => {
  const file = join(newDirectory(), "file");
  writeFileSync(file, "");
  await expect(fileStore(file).open(OWNER)).rejects.toMatchObject({ code: "STORE_FAILED" });
});

test("the directory and its files are readable by their owner only", async () => {
  const directory = join(newDirectory(), "deep", "outbox");
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
  const store = fileStore(directory);
  await store.open(OWNER);
  await store.append([entry("a")]);
  const mode = (path: string) => (statSync(path).mode & 0o777).toString(8);
  expect(mode(directory)).toBe("700");
  const names = readdirSync(directory).map((name) => name.replace(/[0-9a-f]{16}/, "TOKEN"));
  expect(names.sort()).toEqual(["0000000001.log", "lock", "lock.TOKEN.sock", "manifest"]);
  for (const name of readdirSync(directory)) expect(mode(join(directory, name))).toBe("600");
  await store.close();
});

test("a store of a later version is refused", async () => {
  const directory = newDirectory();
  const store = fileStore(directory);
  await contentOf(store);
  const manifest = join(directory, "manifest");
  const bytes = readFileSync(manifest);
  checkedLine({ version: 2, identity: OWNER }, 4096).copy(bytes);
  writeFileSync(manifest, bytes);
  await expect(store.open(OWNER)).rejects.toMatchObject({
    code: "STORE_VERSION",
    message: "the store has another format: it has format 2, and this version reads 1",
  });
});

test("a store of another address is refused by name", async () => {
  const store = fileStore(newDirectory());
  await contentOf(store);
  await expect(store.open("component gw.example.org")).rejects.toMatchObject({
    code: "STORE_FOREIGN",
    message: `the store belongs to another address: it belongs to ${OWNER}, and this is component gw.example.org`,
  });
});

test("a directory whose salvage was cut is no store", async () => {
  const directory = newDirectory();
  mkdirSync(join(directory, "salvaged-2026"));
  await expect(fileStore(directory).open(OWNER)).rejects.toMatchObject({
    code: "STORE_DAMAGED",
    message: expect.stringContaining("salvaged-2026 at byte 0: a salvage was cut") as string,
  });
});
