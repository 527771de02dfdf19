import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, onTestFinished, test } from "vitest";
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

test("a directory that is gone fails the append", async () => {
  const directory = newDirectory();
  const store = fileStore(directory, { segmentBytes: 4 * KILOBYTE });
  await store.open(OWNER);
  rmSync(directory, { recursive: true });
  await expect(store.append([large("a")])).rejects.toMatchObject({
    code: "STORE_FAILED",
    retryable: false,
    message: expect.stringContaining("ENOENT") as string,
  });
  await store.close();
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

test("a directory whose salvage was cut is no new store", async () => {
  const directory = newDirectory();
  mkdirSync(join(directory, "salvage"));
  await expect(fileStore(directory).open(OWNER)).rejects.toMatchObject({
    code: "STORE_DAMAGED",
    message: expect.stringContaining("salvage is there") as string,
  });
});
