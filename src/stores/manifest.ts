import type { FileHandle } from "node:fs/promises";
import { open, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { BrokerError } from "../base/errors.ts";
import { SECTOR } from "./batch.ts";
import { checkedLine, readCheckedLine } from "./checked-line.ts";
import { codeOf, damaged } from "./store-error.ts";
import { syncDirectory } from "./sync-directory.ts";

/** The version of the format that this code writes, and the highest that it reads. */
export const VERSION = 1;

/** The file that says whose store it is, and which segments there must be. */
export const MANIFEST = "manifest";

/** True for the name of a directory whose content a salvage is about to put into the place of a store. */
export function isSalvaged(name: string): boolean {
  return name.startsWith("salvaged-");
}

/** Why a store with such a directory is refused. */
export const CUT_SALVAGE = "a salvage was cut; salvage the store again";

/** The facts that never change come first; the range is behind them, in a sector of its own. */
const RANGE_AT = 8 * SECTOR;
const LENGTH = RANGE_AT + SECTOR;

/** The segments that there are, by their numbers. `last` is less than `first` where there is none. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** The manifest of a store. It is changed in place, which needs no room on a full disk. */
export class Manifest {
  readonly identity: string;
  range: Range;
  /** False after a change that failed: the disk may have it all the same. */
  isSure = true;
  readonly #file: string;
  readonly #handle: FileHandle;

  private constructor(identity: string, range: Range, file: string, handle: FileHandle) {
    this.#file = file;
    this.identity = identity;
    this.range = range;
    this.#handle = handle;
  }

  /** Makes the manifest of a new store: it is there as a whole, or not at all. */
  static async create(directory: string, identity: string): Promise<void> {
    const draft = join(directory, `${MANIFEST}.new`);
    // (A new file: a link of that name would lead elsewhere.)
    await rm(draft, { force: true });
    const handle = await open(draft, "wx", 0o600);
    try {
      const facts = checkedLine({ version: VERSION, identity }, RANGE_AT);
      const range = checkedLine({ first: 1, last: 0 }, SECTOR);
      await handle.writeFile(Buffer.concat([facts, range]));
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(draft, join(directory, MANIFEST));
    await syncDirectory(directory);
  }

  /** Reads the manifest of a directory; `undefined`: it has none. Ends in `STORE_DAMAGED` and `STORE_VERSION`. */
  static async read(directory: string): Promise<Manifest | undefined> {
    const file = join(directory, MANIFEST);
    let handle: FileHandle;
    try {
      handle = await open(file, "r+");
    } catch (thrown) {
      if (codeOf(thrown) === "ENOENT") return undefined;
      throw thrown;
    }
    try {
      const { identity, range } = readManifest(await handle.readFile());
      return new Manifest(identity, range, file, handle);
    } catch (thrown) {
      await handle.close();
      throw thrown;
    }
  }

  /** The range is another one from now on, durably. */
  async change(range: Range): Promise<void> {
    this.isSure = false;
    const bytes = checkedLine(range, SECTOR);
    await this.#handle.write(bytes, 0, SECTOR, RANGE_AT);
    await this.#handle.datasync();
    this.range = range;
    this.isSure = true;
  }

  /** The disk has this range, also after a change that failed. */
  async assure(): Promise<void> {
    if (!this.isSure) await this.change(this.range);
  }

  /** The directory is still the one that was opened: nobody has deleted, moved or replaced it. Ends in `STORE_FAILED`. */
  async checkPlace(): Promise<void> {
    const [own, there] = await Promise.all([this.#handle.stat(), stat(this.#file)]);
    if (own.ino === there.ino && own.dev === there.dev) return;
    throw new BrokerError("STORE_FAILED", `${this.#file} is another file now`);
  }

  async close(): Promise<void> {
    await this.#handle.close();
  }
}

/** Reads the bytes of a manifest. Ends in `STORE_DAMAGED` and `STORE_VERSION`. */
export function readManifest(bytes: Buffer): { readonly identity: string; readonly range: Range } {
  const facts = readCheckedLine(bytes.subarray(0, RANGE_AT));
  if (facts === undefined) throw damaged(MANIFEST, 0, "its first line is not as it was written");
  const { version, identity } = facts;
  if (typeof version === "number" && version > VERSION) {
    const detail = `it has format ${version}, and this version reads ${VERSION}`;
    throw new BrokerError("STORE_VERSION", detail);
  }
  const range = bytes.length === LENGTH ? readCheckedLine(bytes.subarray(RANGE_AT)) : undefined;
  const { first, last } = range ?? {};
  if (typeof identity !== "string" || typeof first !== "number" || typeof last !== "number") {
    throw damaged(MANIFEST, RANGE_AT, "the line with its segments is not as it was written");
  }
  return { identity, range: { first, last } };
}
