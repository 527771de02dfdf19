import type { FileHandle } from "node:fs/promises";
import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { StoredEntry } from "../contract/store.ts";
import { type BatchKind, encodeBatch, HEAD, SECTOR } from "./batch.ts";
import type { Manifest } from "./manifest.ts";
import {
  batchesOf,
  createSegment,
  linesOf,
  loadSegment,
  type Segment,
  segmentName,
  segmentNumber,
  writeAll,
} from "./segment.ts";
import { damaged } from "./store-error.ts";

/** The log of a store: its segments in order, and the one that is written. */
export class SegmentLog {
  readonly #directory: string;
  readonly #manifest: Manifest;
  readonly #segmentBytes: number;
  /** Oldest first. */
  readonly #segments: Segment[] = [];
  /** The file of the last segment, if more can be written there. */
  #handle: FileHandle | undefined;
  /** True if the last write is not durable yet. */
  #isDirty = false;
  /** The number of the next entry. */
  #next = 1;
  /** Entries whose keys may stand in the log twice, by key. */
  readonly late = new Map<string, number>();

  private constructor(directory: string, manifest: Manifest, segmentBytes: number) {
    this.#directory = directory;
    this.#manifest = manifest;
    this.#segmentBytes = segmentBytes;
  }

  /** Opens the log and looks at every byte of it. Ends in `STORE_DAMAGED`. */
  static async open(
    directory: string,
    manifest: Manifest,
    segmentBytes: number,
  ): Promise<SegmentLog> {
    const log = new SegmentLog(directory, manifest, segmentBytes);
    try {
      await log.#readAll();
      await log.unlinkSettled();
      return log;
    } catch (thrown) {
      await log.#closeFile();
      throw thrown;
    }
  }

  /** How many entries are not removed. */
  get live(): number {
    return this.#segments.reduce((sum, { live }) => sum + live, 0);
  }

  /** True if the file of an entry is still there. */
  has(entry: number): boolean {
    return this.#find(entry) !== undefined;
  }

  /** The entries that are there now and not removed, oldest first, each with its number. */
  entries(): AsyncGenerator<readonly [number, StoredEntry]> {
    return this.#entriesBefore(this.#next);
  }

  async *#entriesBefore(end: number): AsyncGenerator<readonly [number, StoredEntry]> {
    for (const segment of [...this.#segments]) {
      if (segment.live === 0 || segment.first >= end) continue;
      const upTo = { end: segment.end, batches: segment.batches };
      const { content, segment: again } = await loadSegment(this.#directory, segment.number);
      let entry = segment.first;
      for (const batch of batchesOf(again, content, upTo)) {
        if (batch.kind === "removed") continue;
        if (entry >= end) break;
        for (const line of linesOf(content, batch)) {
          if (!segment.isGone(entry)) yield [entry, JSON.parse(line) as StoredEntry];
          entry++;
        }
      }
    }
  }

  /** Notes that entries are removed. The log tells of it with the next write. */
  remove(entries: readonly number[]): void {
    for (const entry of entries) this.#find(entry)?.remove(entry);
  }

  /** Writes a batch behind all others. Returns the number of its first entry. Only entries are made durable at once. */
  async write(kind: BatchKind, lines: readonly string[]): Promise<number> {
    const length = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, HEAD);
    const { segment, handle } = await this.#roomFor(length);
    const bytes = encodeBatch(kind, lines, segment.batches, segment.count);
    try {
      await writeAll(handle, bytes, segment.end);
      this.#isDirty = true;
      if (kind !== "removed") await this.#settle();
    } catch (thrown) {
      await this.#giveUp(segment, handle, bytes.length);
      throw thrown;
    }
    const first = this.#next;
    segment.end += bytes.length;
    segment.batches++;
    if (kind !== "removed") {
      segment.add(lines.length);
      this.#next += lines.length;
    }
    return first;
  }

  /** Deletes the oldest segments, as long as all of their entries are removed. The last one stays while it has room. */
  async unlinkSettled(andLast = false): Promise<void> {
    const segments = this.#segments;
    const keepsLast = !andLast && this.#handle !== undefined;
    let count = segments.findIndex(({ live }) => live > 0);
    if (count < 0) count = keepsLast ? segments.length - 1 : segments.length;
    if (count <= 0) return;
    const { last } = this.#manifest.range;
    await this.#manifest.change({ first: segments[count]?.number ?? last + 1, last });
    if (count === segments.length) await this.#closeFile();
    for (const { number } of segments.splice(0, count)) await this.#delete(number);
  }

  async close(): Promise<void> {
    try {
      await this.#settle();
    } finally {
      await this.#closeFile();
    }
  }

  /** All that was written is durable from now on. */
  async #settle(): Promise<void> {
    if (this.#isDirty) await this.#handle?.datasync();
    this.#isDirty = false;
  }

  /** A write has failed: nothing more goes into this file, and the parts of it that may be there are wiped out. */
  async #giveUp(segment: Segment, handle: FileHandle, length: number): Promise<void> {
    this.#handle = undefined;
    try {
      await writeAll(handle, Buffer.alloc(length), segment.end);
      await handle.datasync();
    } catch {
      // The next segment tells where this one ends.
    } finally {
      await handle.close();
    }
  }

  async #closeFile(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close();
  }

  #find(entry: number): Segment | undefined {
    const segments = this.#segments;
    let low = 0;
    let high = segments.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((segments[middle]?.first ?? 0) <= entry) low = middle + 1;
      else high = middle;
    }
    return segments[low - 1];
  }

  async #readAll(): Promise<void> {
    const { first, last } = this.#manifest.range;
    await this.#checkNames(first, last);
    let before: Segment | undefined;
    // (The one behind tells where a segment ends, so its head is read first.)
    let next = first <= last ? await loadSegment(this.#directory, first) : undefined;
    if (next !== undefined) this.#next = next.segment.first;
    for (let number = first; number <= last && next !== undefined; number++) {
      const { segment, content } = next;
      next = number < last ? await loadSegment(this.#directory, number + 1) : undefined;
      if (before !== undefined && segment.first !== this.#next) {
        throw damaged(
          segmentName(number),
          0,
          `its first entry is ${segment.first}, not ${this.#next}`,
        );
      }
      const isClean = this.#readOne(segment, content, next?.segment);
      if (number === last) await this.#openLast(number, isClean);
      before = segment;
    }
  }

  /** The end of the last file may not be durable: its process was killed. The next file tells of that end. */
  async #openLast(number: number, isClean: boolean): Promise<void> {
    const handle = await open(join(this.#directory, segmentName(number)), "r+");
    this.#handle = handle;
    await handle.datasync();
    if (!isClean) await this.#closeFile();
  }

  #readOne(segment: Segment, content: Buffer, behind: Segment | undefined): boolean {
    this.#segments.push(segment);
    const batches = batchesOf(segment, content, behind?.before);
    for (;;) {
      const { done, value } = batches.next();
      if (done === true) return value;
      if (value.kind === "removed") this.#removed(linesOf(content, value));
      else {
        segment.add(value.count);
        if (value.kind === "late") this.#late(linesOf(content, value));
        this.#next += value.count;
      }
      segment.end = value.to;
      segment.batches++;
    }
  }

  #late(lines: readonly string[]): void {
    for (const [index, line] of lines.entries()) {
      const { key } = JSON.parse(line) as StoredEntry;
      if (!this.late.has(key)) this.late.set(key, this.#next + index);
    }
  }

  #removed(lines: readonly string[]): void {
    for (const line of lines) {
      const ranges = JSON.parse(line) as number[];
      for (let at = 0; at < ranges.length; at += 2) {
        const to = ranges[at + 1] ?? 0;
        for (let entry = ranges[at] ?? 0; entry <= to; entry++) this.#find(entry)?.remove(entry);
      }
    }
  }

  /** Files outside of the range are there if a process has ended in the middle of making or deleting one. */
  async #checkNames(first: number, last: number): Promise<void> {
    const names = await readdir(this.#directory);
    for (const name of names) {
      const number = segmentNumber(name);
      if (number === undefined || (number >= first && number <= last)) continue;
      if (number > last + 1) throw damaged(name, 0, `the last segment is ${last}`);
      if (number === last + 1 && (await this.#holdsSomething(number))) {
        throw damaged(name, SECTOR, `the last segment is ${last}, and this one holds something`);
      }
      await this.#delete(number);
    }
  }

  /** (A file that was not made to its end holds nothing: it gets its first batch after the manifest names it.) */
  async #holdsSomething(number: number): Promise<boolean> {
    const handle = await open(join(this.#directory, segmentName(number)), "r");
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(HEAD), 0, HEAD, SECTOR);
      return buffer.subarray(0, bytesRead).some((byte) => byte !== 0);
    } finally {
      await handle.close();
    }
  }

  /** The segment to write so many bytes to: the last one, or a new one. */
  async #roomFor(
    length: number,
  ): Promise<{ readonly segment: Segment; readonly handle: FileHandle }> {
    const last = this.#segments.at(-1);
    const hasRoom = last !== undefined && last.end + length <= last.bytes;
    if (hasRoom && this.#handle !== undefined) return { segment: last, handle: this.#handle };
    // A full one whose entries are all removed makes room for the next.
    await this.unlinkSettled(true);
    await this.#settle();
    const { first, last: number } = this.#manifest.range;
    const before = this.#segments.at(-1);
    const { segment, handle } = await createSegment(this.#directory, {
      segment: number + 1,
      bytes: Math.max(this.#segmentBytes, SECTOR + length),
      first: this.#next,
      before: before === undefined ? null : { end: before.end, batches: before.batches },
    });
    try {
      await this.#manifest.change({ first, last: segment.number });
    } catch (thrown) {
      await handle.close();
      await this.#delete(segment.number);
      throw thrown;
    }
    await this.#closeFile();
    this.#handle = handle;
    this.#segments.push(segment);
    return { segment, handle };
  }

  async #delete(number: number): Promise<void> {
    await rm(join(this.#directory, segmentName(number)), { force: true });
  }
}
