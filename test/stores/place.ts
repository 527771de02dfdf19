import { copyFileSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { vi } from "vitest";
import type { OutboxStore, StoredEntry } from "../../src/store.ts";

export const OWNER = "xmpp juliet@verona.example";

const made: string[] = [];

/** A new directory, until `removeDirectories`. */
export function newDirectory(): string {
  const directory = mkdtempSync(join(tmpdir(), "store-"));
  made.push(directory);
  return directory;
}

/** A copy of the files of a store that nobody has open: as `kill -9` leaves them, without the lock. */
export function copyOf(directory: string, copy = newDirectory()): string {
  for (const name of readdirSync(directory)) {
    const [from, to] = [join(directory, name), join(copy, name)];
    if (lstatSync(from).isDirectory()) copyOf(from, mkdirSync(to, { recursive: true }));
    else if (lstatSync(from).isFile() && name !== "lock") copyFileSync(from, to);
  }
  return copy;
}

export function removeDirectories(): void {
  for (const directory of made.splice(0)) rmSync(directory, { recursive: true, force: true });
}

/** A call of an open file. */
export type Call = "write" | "writeFile" | "sync" | "datasync" | "readFile" | "stat";

/**
 * Puts a function in the place of calls of all open files, until `vi.restoreAllMocks`. `act` makes the call itself, and
 * `given` are its arguments.
 */
export async function replaceCalls(
  calls: readonly Call[],
  replacement: (
    call: Call,
    act: () => Promise<unknown>,
    handle: FileHandle,
    given: readonly unknown[],
  ) => Promise<unknown>,
): Promise<void> {
  const handle = await open(tmpdir(), "r");
  await handle.close();
  const prototype = Object.getPrototypeOf(handle) as FileHandle;
  for (const call of calls) {
    const real = Reflect.get(prototype, call) as (...given: unknown[]) => Promise<unknown>;
    vi.spyOn(prototype, call).mockImplementation(async function (
      this: FileHandle,
      ...given: unknown[]
    ) {
      return (await replacement(call, () => real.apply(this, given), this, given)) as never;
    });
  }
}

export function entry(key: string, text = `<message id='${key}'/>`): StoredEntry {
  return { key, kind: "message", text, sent: 1_700_000_000_000, tries: 0 };
}

/** Opens a store, reads it and closes it. */
export async function contentOf(store: OutboxStore): Promise<StoredEntry[]> {
  const { entries } = await store.open(OWNER);
  try {
    const found: StoredEntry[] = [];
    for await (const each of entries) found.push(each);
    return found;
  } finally {
    await store.close();
  }
}

export async function keysOf(store: OutboxStore): Promise<string[]> {
  return (await contentOf(store)).map(({ key }) => key);
}
