import type { StoredEntry } from "../contract/store.ts";
import type { SegmentLog } from "./segment-log.ts";
import { storeError } from "./store-error.ts";

/** How many characters go into one batch; a larger entry goes alone. */
const MOST = 2 * 1024 * 1024;

/** How many characters of keys are kept of removed entries that may still be unread. */
const MOST_UNREAD = 4 * 1024 * 1024;

/** One call of `append`. */
interface Append {
  readonly keys: readonly string[];
  readonly lines: readonly string[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** The writer of a log: it joins the calls of a turn, and those that come during a write, into one batch. */
export class StoreWriter {
  readonly #log: SegmentLog;
  /** The entries that this process knows, by key: appended ones, and read ones. */
  readonly #numbers: Map<string, number>;
  /** Other entries with the same key, which a process has appended before it had read the first one. */
  #copies: Map<string, number[]> | undefined;
  #appends: Append[] = [];
  #removed: number[] = [];
  #removes: (() => void)[] = [];
  /** True while the entries that were found are not all read. */
  #isReading: boolean;
  /** Keys that were removed and may be those of entries that are not read yet. */
  readonly #unread = new Set<string>();
  #unreadSize = 0;
  /** The number behind the last entry that was found. */
  readonly #foundEnd: number;
  readonly #entries: ReturnType<SegmentLog["entriesBetween"]>;
  /** The number of the last entry that was read. */
  #lastRead = 0;
  #running: Promise<void> | undefined;

  constructor(log: SegmentLog) {
    this.#log = log;
    this.#numbers = log.late;
    this.#isReading = log.live > 0;
    this.#foundEnd = log.next;
    this.#entries = log.entriesBetween(0, log.next);
  }

  /** The entries that were found, oldest first. */
  async *entries(): AsyncGenerator<StoredEntry> {
    try {
      for await (const [number, entry] of this.#entries) {
        this.#lastRead = number;
        if (this.#unread.has(entry.key)) this.#dropUnread(number);
        else if (this.#found(entry.key, number)) yield entry;
      }
    } catch (thrown) {
      throw storeError(thrown);
    }
    this.#isReading = false;
    this.#unread.clear();
    this.#unreadSize = 0;
  }

  async append(entries: readonly StoredEntry[]): Promise<void> {
    // (One that is being appended may still fail.)
    if (entries.some(({ key }) => this.#isPending(key))) await this.#running;
    const keys: string[] = [];
    const lines: string[] = [];
    for (const entry of entries) {
      if (this.#numbers.has(entry.key)) continue;
      lines.push(JSON.stringify(entry));
      this.#numbers.set(entry.key, Number.NaN);
      keys.push(entry.key);
    }
    await new Promise<void>((resolve, reject) => {
      this.#appends.push({ keys, lines, resolve, reject });
      this.#run();
    });
  }

  async remove(keys: readonly string[]): Promise<void> {
    // (An entry that is still being appended gets its number first.)
    if (keys.some((key) => this.#isPending(key))) await this.#running;
    for (const key of keys) {
      const isRead = (this.#numbers.get(key) ?? Number.POSITIVE_INFINITY) <= this.#lastRead;
      if (!this.#isReading || isRead || this.#unread.has(key)) continue;
      this.#unread.add(key);
      this.#unreadSize += key.length;
    }
    if (this.#unreadSize > MOST_UNREAD) await this.#lookForUnread();
    const numbers = keys.flatMap((key) => this.#forget(key));
    if (numbers.length === 0) return;
    this.#log.remove(numbers);
    for (const number of numbers) this.#removed.push(number);
    await new Promise<void>((resolve) => {
      this.#removes.push(resolve);
      this.#run();
    });
  }

  /** Ends when everything is written. A store that holds nothing leaves no log behind. */
  async close(): Promise<void> {
    while (this.#running !== undefined) await this.#running;
    if (this.#unread.size > 0) await this.#lookForUnread();
    if (this.#removed.length > 0 || this.#log.hasLost) await this.#writeRemoved();
    if (this.#log.live === 0) await this.#log.unlinkSettled(true);
  }

  /** Finds the removed entries that are not read yet, so that their keys can be forgotten. */
  async #lookForUnread(): Promise<void> {
    const keys = [...this.#unread];
    for await (const [number, { key }] of this.#log.entriesBetween(
      this.#lastRead + 1,
      this.#foundEnd,
    )) {
      if (this.#unread.has(key)) this.#dropUnread(number);
    }
    for (const key of keys) if (this.#unread.delete(key)) this.#unreadSize -= key.length;
  }

  /** An entry was read that is removed already. */
  #dropUnread(number: number): void {
    this.#log.remove([number]);
    this.#removed.push(number);
  }

  /** An entry was read; false if it is the copy of an older one. */
  #found(key: string, number: number): boolean {
    const known = this.#numbers.get(key);
    if (known !== undefined && known < number) {
      this.#addCopy(key, number);
      return false;
    }
    if (known !== undefined && known > number) this.#addCopy(key, known);
    this.#numbers.set(key, number);
    return true;
  }

  #addCopy(key: string, number: number): void {
    this.#copies ??= new Map();
    this.#copies.set(key, [...(this.#copies.get(key) ?? []), number]);
  }

  #isPending(key: string): boolean {
    return Number.isNaN(this.#numbers.get(key));
  }

  #forget(key: string): number[] {
    const number = this.#numbers.get(key);
    if (number === undefined) return [];
    this.#numbers.delete(key);
    const copies = this.#copies?.get(key) ?? [];
    this.#copies?.delete(key);
    return [number, ...copies];
  }

  #run(): void {
    this.#running ??= this.#work();
  }

  async #work(): Promise<void> {
    // The calls of this turn go into one batch.
    await Promise.resolve();
    while (this.#appends.length > 0 || this.#removes.length > 0) {
      if (this.#removed.length > 0 || this.#log.hasLost) await this.#writeRemoved();
      if (this.#appends.length > 0) await this.#writeAppended(this.#nextAppends());
    }
    this.#running = undefined;
  }

  #nextAppends(): Append[] {
    let size = 0;
    const end = this.#appends.findIndex(({ lines }, index) => {
      size += lines.reduce((sum, { length }) => sum + length, 0);
      return index > 0 && size > MOST;
    });
    return this.#appends.splice(0, end < 0 ? this.#appends.length : end);
  }

  async #writeAppended(appends: readonly Append[]): Promise<void> {
    const lines = appends.flatMap((append) => append.lines);
    const keys = appends.flatMap((append) => append.keys);
    try {
      if (lines.length > 0) {
        const first = await this.#log.append(this.#isReading ? "late" : "entries", lines);
        for (const [index, key] of keys.entries()) this.#appended(key, first + index);
      }
    } catch (thrown) {
      const error = storeError(thrown);
      for (const key of keys) if (this.#isPending(key)) this.#numbers.delete(key);
      for (const { reject } of appends) reject(error);
      return;
    }
    for (const { resolve } of appends) resolve();
  }

  /** An appended entry has its number. (Meanwhile one with its key may have been read, which is older.) */
  #appended(key: string, number: number): void {
    if (this.#isPending(key)) this.#numbers.set(key, number);
    else this.#addCopy(key, number);
  }

  /** Notes in the log that entries are removed. A disk that does not take it loses nothing: see `OutboxStore.remove`. */
  async #writeRemoved(): Promise<void> {
    const removes = this.#removes;
    const removed = this.#removed;
    this.#removes = [];
    this.#removed = [];
    try {
      await this.#log.noteRemoved(removed);
    } catch {
      // The next call tries again. After a crash they would be sent again, with their ids.
      this.#removed = [...removed, ...this.#removed];
    }
    for (const resolve of removes) resolve();
  }
}
