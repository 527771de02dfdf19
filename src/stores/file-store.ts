import { chmod, mkdir, readdir } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { nothing } from "../base/abort.ts";
import { oneOf, text } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import { optional, settleOptions, type Takes, whole } from "../base/option.ts";
import type { OutboxStore, StoredEntry, StoreFailure } from "../contract/store.ts";
import { Lock } from "./lock/lock.ts";
import { CUT_SALVAGE, isSalvaged, MANIFEST, Manifest } from "./manifest.ts";
import { segmentNumber } from "./segment.ts";
import { SegmentLog } from "./segment-log.ts";
import { codeOf, damaged, storeError } from "./store-error.ts";
import { StoreWriter } from "./store-writer.ts";
import { syncDirectory } from "./sync-directory.ts";

/** The options of `fileStore`. */
const FILE_STORE = {
  /**
   * The step that follows when the disk takes nothing any more: `stop` ends the run of the broker, `memory` lets it
   * go on without the store. Default: the deliveries fail with `STORE_FAILED`, and the broker goes on.
   */
  onFailure: optional<StoreFailure>((name, value) => oneOf(name, value, ["stop", "memory"])),
  /** The size of a file of the log, in bytes, from 4,096 on. A larger entry gets a larger file. Default 4,194,304. */
  segmentBytes: whole(4 * 1024 * 1024, 4096, 1024 * 1024 * 1024),
};

/** How a store of files works. */
export interface FileStoreOptions extends Takes<typeof FILE_STORE> {}

/**
 * A store of stanzas in a directory, for the option `queue.store`: a log of files that only grow, and are deleted as a
 * whole. Stanzas of one turn are written together, off the main thread. The directory is made for its owner alone. It
 * belongs to one broker and one process at a time. Throws `BAD_OPTION`; its calls reject with the codes `STORE_…`.
 *
 * @example new Broker({ dialect, reconnect: true, queue: { store: fileStore("/var/lib/bot/outbox") } })
 */
export function fileStore(directory: string, options: FileStoreOptions = {}): OutboxStore {
  const path = resolve(text("directory", directory));
  const { onFailure, segmentBytes } = settleOptions(
    "fileStore",
    { needs: {}, takes: FILE_STORE },
    options,
  );
  return new FileStore(path, onFailure, segmentBytes);
}

/** The parts of a store that is open. */
interface Opened {
  readonly lock: Lock;
  readonly manifest: Manifest;
  readonly log: SegmentLog;
  readonly writer: StoreWriter;
}

class FileStore implements OutboxStore {
  readonly onFailure: StoreFailure | undefined;
  readonly #directory: string;
  readonly #segmentBytes: number;
  #opened: Opened | undefined;
  /** The calls of `open` and `close` that are under way: each waits for the one before. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(directory: string, onFailure: StoreFailure | undefined, segmentBytes: number) {
    this.#directory = directory;
    this.onFailure = onFailure;
    this.#segmentBytes = segmentBytes;
  }

  async open(identity: string): Promise<{ readonly entries: AsyncIterable<StoredEntry> }> {
    return await this.#inTurn(async () => {
      if (this.#opened !== undefined) {
        throw new BrokerError(
          "STORE_LOCKED",
          `by another broker of this program (${this.#directory})`,
        );
      }
      const opened = await openAll(this.#directory, text("identity", identity), this.#segmentBytes);
      this.#opened = opened;
      return { entries: opened.writer.entries() };
    });
  }

  async append(entries: readonly StoredEntry[]): Promise<void> {
    await this.#turn;
    await this.#writer.append(entries);
  }

  async remove(keys: readonly string[]): Promise<void> {
    await this.#turn;
    await this.#writer.remove(keys);
  }

  async close(): Promise<void> {
    await this.#inTurn(async () => {
      const opened = this.#opened;
      this.#opened = undefined;
      if (opened === undefined) return;
      try {
        await opened.writer.close();
      } finally {
        await closeAll(opened);
      }
    });
  }

  get #writer(): StoreWriter {
    if (this.#opened === undefined) throw new BrokerError("STORE_FAILED", "the store is not open");
    return this.#opened.writer;
  }

  async #inTurn<T>(action: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(action);
    this.#turn = result.catch(() => undefined);
    try {
      return await result;
    } catch (thrown) {
      throw storeError(thrown);
    }
  }
}

async function openAll(directory: string, identity: string, bytes: number): Promise<Opened> {
  // (Only a directory that is made here gets its mode.)
  const made = await mkdir(directory, { recursive: true, mode: 0o700 });
  if (made !== undefined) {
    await chmod(directory, 0o700);
    await syncParents(directory, resolve(made));
  }
  const lock = await Lock.take(directory);
  let manifest: Manifest | undefined;
  try {
    manifest = await manifestOf(directory, identity);
    const log = await SegmentLog.open(directory, manifest, bytes);
    return { lock, manifest, log, writer: new StoreWriter(log) };
  } catch (thrown) {
    await manifest?.close().catch(nothing);
    await lock.release().catch(nothing);
    throw thrown;
  }
}

/** Makes the names of new directories durable: from this one up to the first that was made. */
async function syncParents(directory: string, made: string): Promise<void> {
  const parent = dirname(directory);
  await syncDirectory(parent).catch((thrown: unknown) => {
    // (One that others may only pass through cannot be synced.)
    if (codeOf(thrown) !== "EACCES") throw thrown;
  });
  if (directory !== made && parent !== directory) await syncParents(parent, made);
}

async function closeAll({ lock, manifest, log }: Omit<Opened, "writer">): Promise<void> {
  try {
    await log.close();
  } finally {
    await manifest.close().catch(nothing);
    await lock.release();
  }
}

/** The manifest of a store; a new one where there is nothing. Ends in `STORE_FOREIGN` and `STORE_DAMAGED`. */
async function manifestOf(directory: string, identity: string): Promise<Manifest> {
  const names = await readdir(directory);
  const salvaged = names.find(isSalvaged);
  if (salvaged !== undefined) throw damaged(salvaged, 0, CUT_SALVAGE);
  let manifest = await Manifest.read(directory);
  if (manifest === undefined) {
    const segment = names.find((name) => segmentNumber(name) !== undefined);
    if (segment !== undefined) throw damaged(MANIFEST, 0, `it is missing, and ${segment} is there`);
    await Manifest.create(directory, identity);
    manifest = await Manifest.read(directory);
  }
  if (manifest === undefined) throw damaged(MANIFEST, 0, "it has vanished");
  if (manifest.identity === identity) return manifest;
  const { identity: owner } = manifest;
  await manifest.close();
  throw new BrokerError("STORE_FOREIGN", `it belongs to ${owner}, and this is ${identity}`);
}
