import {
  closeSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Call, newDirectory, replaceCalls } from "../stores/place.ts";

const SECTOR = 512;

/** The part of a file that the disk has. */
interface Kept {
  content: Buffer;
  /** The sectors that were written since they were last given to the disk, with success or without. */
  readonly dirty: Set<number>;
  /** Held open, so that no other file gets the number of this one. */
  readonly fd: number;
}

/** How a loss of power leaves the content of files, and the names of directories, that were not made durable. */
export interface Loss {
  /** The names as they were made durable, or as they are. */
  readonly names: "durable" | "current";
  /** True for a sector that was written and not made durable, and is on the disk all the same. */
  readonly survives: () => boolean;
}

/**
 * A disk under the files of a directory, which keeps only what was given to it by `sync` and `datasync`. One that fails
 * has lost what it was given: a second one with success gives it nothing, as on Linux.
 */
export class Device {
  readonly #watched = new Set<string>();
  readonly #files = new Map<number, Kept>();
  readonly #names = new Map<string, ReadonlyMap<string, number>>();
  /** Says whether this call fails. It is called for each. */
  fails: (call: Call) => Error | undefined = () => undefined;

  /** Puts itself under all files that are open, until `vi.restoreAllMocks`. */
  async start(): Promise<void> {
    const calls = ["write", "writeFile", "sync", "datasync", "readFile"] as const;
    await replaceCalls(calls, async (call, act, { fd }, [, , length, at]) => {
      const { ino, size } = fstatSync(fd);
      const failure = this.fails(call);
      if (failure !== undefined) {
        if (call.endsWith("sync")) this.#files.get(ino)?.dirty.clear();
        throw failure;
      }
      const result = await act();
      if (call === "write") this.#written(ino, Number(at), Number(length));
      if (call === "writeFile") this.#written(ino, 0, Math.max(size, fstatSync(fd).size));
      if (call.endsWith("sync")) this.#keep(ino);
      return result;
    });
  }

  end(): void {
    for (const { fd } of this.#files.values()) closeSync(fd);
    this.#files.clear();
  }

  /** A directory on this disk. Its files are on the disk already. */
  watch(directory: string): void {
    this.#watched.add(directory);
    for (const ino of namesOf(directory).values()) this.#keep(ino);
    this.#names.set(directory, namesOf(directory));
  }

  /** The content of a file that the disk has. */
  contentOf(file: string): Buffer | undefined {
    return this.#files.get(statSync(file).ino)?.content;
  }

  /** The names in a directory that the disk has. */
  namesOf(directory: string): string[] {
    return [...(this.#names.get(directory)?.keys() ?? [])];
  }

  /** A copy of a directory as a loss of power leaves it, with the directories in it. */
  afterLoss(directory: string, loss: Loss): string {
    const copy = newDirectory();
    this.#copy(directory, copy, loss);
    return copy;
  }

  #copy(directory: string, copy: string, loss: Loss): void {
    const isCurrent = loss.names === "current";
    const names = (isCurrent ? undefined : this.#names.get(directory)) ?? namesOf(directory);
    for (const [name, ino] of names) {
      const from = join(directory, name);
      if (this.#watched.has(from)) {
        mkdirSync(join(copy, name));
        this.#copy(from, join(copy, name), loss);
        continue;
      }
      const kept = this.#files.get(ino);
      if (kept === undefined && !isRegular(from)) continue;
      // (The lock is the one of this run of the machine, which is over then.)
      const text = this.#left(kept, loss).toString("latin1");
      const later = text.replace(/"boot":"[^"]*"/, '"boot":"an earlier one"');
      writeFileSync(join(copy, name), later, "latin1");
    }
  }

  #left(kept: Kept | undefined, { survives }: Loss): Buffer {
    if (kept === undefined) return Buffer.alloc(0);
    const content = Buffer.from(kept.content);
    const now = readAll(kept.fd);
    for (const sector of kept.dirty) {
      const at = sector * SECTOR;
      if (survives() && at < content.length) now.copy(content, at, at, at + SECTOR);
    }
    return content;
  }

  #written(ino: number, at: number, length: number): void {
    const { dirty } = this.#file(ino) ?? { dirty: new Set() };
    for (const sector of sectorsOf(at, length)) dirty.add(sector);
  }

  #keep(ino: number): void {
    const directory = [...this.#watched].find(
      (each) => lstatSync(each, { throwIfNoEntry: false })?.ino === ino,
    );
    if (directory !== undefined) this.#names.set(directory, namesOf(directory));
    const kept = this.#file(ino);
    if (kept === undefined) return;
    const now = readAll(kept.fd);
    const content = Buffer.alloc(now.length);
    kept.content.copy(content);
    for (const sector of kept.dirty) {
      now.copy(content, sector * SECTOR, sector * SECTOR, (sector + 1) * SECTOR);
    }
    kept.content = content;
    kept.dirty.clear();
  }

  /** The file with this number, if it is in a directory of this disk. The disk has nothing of a file that is new here. */
  #file(ino: number): Kept | undefined {
    const known = this.#files.get(ino);
    if (known !== undefined) return known;
    for (const directory of this.#watched) {
      for (const [name, number] of namesOf(directory)) {
        if (number !== ino || !isRegular(join(directory, name))) continue;
        const fd = openSync(join(directory, name), "r");
        const dirty = new Set(sectorsOf(0, fstatSync(fd).size));
        const kept = { content: Buffer.alloc(0), dirty, fd };
        this.#files.set(ino, kept);
        return kept;
      }
    }
    return undefined;
  }
}

function* sectorsOf(at: number, length: number): Generator<number> {
  for (let sector = Math.floor(at / SECTOR); sector * SECTOR < at + length; sector++) yield sector;
}

function namesOf(directory: string): Map<string, number> {
  if (lstatSync(directory, { throwIfNoEntry: false }) === undefined) return new Map();
  return new Map(
    readdirSync(directory).map((name) => [name, lstatSync(join(directory, name)).ino]),
  );
}

function isRegular(file: string): boolean {
  return lstatSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

/** (By the number of the open file, since its name may be gone.) */
function readAll(fd: number): Buffer {
  const content = Buffer.alloc(fstatSync(fd).size);
  readSync(fd, content, 0, content.length, 0);
  return content;
}
