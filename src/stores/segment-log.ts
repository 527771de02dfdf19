import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { nothing } from "../base/abort.ts";
import type { StoredEntry } from "../contract/store.ts";
import { type BatchKind, encodeBatch, HEAD, SECTOR } from "./batch.ts";
import { LogReader } from "./log-reader.ts";
import type { Manifest } from "./manifest.ts";
import {
  batchesOf,
  checkLinked,
  createSegment,
  entryOf,
  linesOf,
  loadSegment,
  type Segment,
  segmentName,
  segmentWith,
  writeAll,
} from "./segment.ts";

/**
 * How often a file is looked at, in milliseconds: each look costs a quarter of a small write. (All that was stored before a
 * deletion is lost with it, so a few more do not count.)
 */
const CHECK_INTERVAL = 50;

/** The log of a store: its segments in order, and the one that is written. */
export class SegmentLog {
  readonly #directory: string;
  readonly #manifest: Manifest;
  readonly #segmentBytes: number;
  /** Oldest first. */
  readonly #segments: Segment[];
  /** The file of the last segment, if more can be written there. */
  #handle: FileHandle | undefined;
  /** The removals that were written and are not durable yet, and those whose write was lost. */
  #unsettled: number[] = [];
  #lost: number[] = [];
  /** Files that could not be deleted. */
  readonly #remains = new Set<number>();
  /** When the file was looked at last, in intervals. */
  #checked = -1;
  #next: number;
  /** Entries whose keys may stand in the log twice, by key. */
  readonly late: Map<string, number>;

  private constructor(
    directory: string,
    manifest: Manifest,
    segmentBytes: number,
    { segments, next, late }: LogReader,
  ) {
    this.#directory = directory;
    this.#manifest = manifest;
    this.#segmentBytes = segmentBytes;
    this.#segments = segments;
    this.#next = next;
    this.late = late;
  }

  /** Opens the log and looks at every byte of it. Ends in `STORE_DAMAGED`. */
  static async open(
    directory: string,
    manifest: Manifest,
    segmentBytes: number,
  ): Promise<SegmentLog> {
    const reader = new LogReader(directory);
    await reader.read(manifest.range);
    const log = new SegmentLog(directory, manifest, segmentBytes, reader);
    try {
      await log.#openLast(reader.isClean);
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

  /** True if removals are to be written again. */
  get hasLost(): boolean {
    return this.#lost.length > 0;
  }

  /** The number of the next entry. */
  get next(): number {
    return this.#next;
  }

  /** The entries from one number on, before another, that are not removed, each with its number. Ends in `STORE_DAMAGED`. */
  async *entriesBetween(
    start: number,
    end: number,
  ): AsyncGenerator<readonly [number, StoredEntry]> {
    for (const segment of [...this.#segments]) {
      const isPassed = segment.first + segment.count <= start || segment.first >= end;
      if (segment.live === 0 || isPassed) continue;
      const upTo = { end: segment.end, batches: segment.batches };
      const { content, segment: again } = await loadSegment(this.#directory, segment.number);
      const name = segmentName(segment.number);
      let entry = segment.first;
      for (const batch of batchesOf(again, content, upTo)) {
        if (batch.kind === "removed") continue;
        if (entry >= end) break;
        for (const line of linesOf(content, batch)) {
          if (entry >= start && !segment.isGone(entry)) {
            yield [entry, entryOf(line, name, batch.from)];
          }
          entry++;
        }
      }
    }
  }

  /** Takes entries out. The log tells of it with the next `noteRemoved`. */
  remove(entries: readonly number[]): void {
    for (const entry of entries) segmentWith(this.#segments, entry)?.remove(entry);
  }

  /** Writes that entries are removed, and those of which an earlier write was lost. It is not made durable at once. */
  async noteRemoved(entries: readonly number[]): Promise<void> {
    await this.unlinkSettled();
    const all = [...this.#lost, ...entries];
    const left = all.filter((entry) => segmentWith(this.#segments, entry) !== undefined);
    // (A write that fails may add to them.)
    if (left.length > 0) await this.#write("removed", [JSON.stringify(inRanges(left))]);
    this.#lost = [];
    for (const entry of left) this.#unsettled.push(entry);
  }

  /** Writes entries behind all others, durably. Returns the number of the first. */
  async append(kind: "entries" | "late", lines: readonly string[]): Promise<number> {
    const segment = await this.#write(kind, lines);
    const first = this.#next;
    segment.add(lines.length);
    this.#next += lines.length;
    return first;
  }

  /** Deletes the oldest segments, as long as all of their entries are removed. The last one stays while it has room. */
  async unlinkSettled(andLast = false): Promise<void> {
    const segments = this.#segments;
    const keepsLast = !andLast && this.#handle !== undefined;
    let count = segments.findIndex(({ live }) => live > 0);
    if (count < 0) count = keepsLast ? segments.length - 1 : segments.length;
    if (count > 0) {
      const { last } = this.#manifest.range;
      await this.#manifest.change({ first: segments[count]?.number ?? last + 1, last });
      if (count === segments.length) await this.#closeFile();
      for (const { number } of segments.splice(0, count)) this.#remains.add(number);
    }
    for (const number of this.#remains) {
      try {
        await rm(join(this.#directory, segmentName(number)), { force: true });
        this.#remains.delete(number);
      } catch {
        // The next call tries again.
      }
    }
  }

  async close(): Promise<void> {
    try {
      await this.#settle();
    } finally {
      await this.#closeFile();
    }
  }

  /** The end of the last file may not be durable: its process was killed. */
  async #openLast(isClean: boolean): Promise<void> {
    const last = this.#segments.at(-1);
    if (last === undefined) return;
    this.#handle = await open(join(this.#directory, segmentName(last.number)), "r+");
    await this.#handle.datasync();
    if (!isClean) await this.#closeFile();
  }

  async #write(kind: BatchKind, lines: readonly string[]): Promise<Segment> {
    const length = lines.reduce((sum, line) => sum + Buffer.byteLength(line) + 1, HEAD);
    const { segment, handle } = await this.#roomFor(length);
    const { batches, count, durable } = segment;
    const bytes = encodeBatch(kind, lines, batches, count, durable.batches);
    try {
      await writeAll(handle, bytes, segment.end);
    } catch (thrown) {
      await this.#giveUp(segment, handle, bytes.length);
      throw thrown;
    }
    segment.end += bytes.length;
    segment.batches++;
    if (kind !== "removed") await this.#settle();
    return segment;
  }

  /** All that was written is durable from now on. */
  async #settle(): Promise<void> {
    const segment = this.#segments.at(-1);
    const handle = this.#handle;
    if (segment === undefined || handle === undefined) return;
    if (segment.batches === segment.durable.batches) return;
    try {
      await handle.datasync();
      const turn = Math.floor(performance.now() / CHECK_INTERVAL);
      if (turn !== this.#checked) checkLinked(handle, segment);
      this.#checked = turn;
    } catch (thrown) {
      await this.#giveUp(segment, handle, 0);
      throw thrown;
    }
    segment.durable = { end: segment.end, batches: segment.batches };
    this.#unsettled = [];
  }

  /**
   * A write has failed, or was not made durable. Nothing more goes into this file, since a disk may have lost all that
   * was not durable: this is wiped out, and the removals in it are to be written again.
   */
  async #giveUp(segment: Segment, handle: FileHandle, length: number): Promise<void> {
    const { durable, end } = segment;
    this.#handle = undefined;
    this.#lost = [...this.#lost, ...this.#unsettled];
    this.#unsettled = [];
    segment.end = durable.end;
    segment.batches = durable.batches;
    try {
      await writeAll(handle, Buffer.alloc(end - durable.end + length), durable.end);
      await handle.datasync();
    } catch {
      // The next segment tells where this one ends.
    } finally {
      await handle.close().catch(nothing);
    }
  }

  /** (All that the file holds is durable, or was given up.) */
  async #closeFile(): Promise<void> {
    const handle = this.#handle;
    this.#handle = undefined;
    await handle?.close().catch(nothing);
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
    // (A new file belongs beside the others. Where their directory is another one, nobody would find it.)
    await this.#manifest.checkPlace();
    await this.#manifest.assure();
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
      await handle.close().catch(nothing);
      // (While the disk may have a manifest that names it, it stays.)
      await this.#manifest
        .assure()
        .then(() => rm(join(this.#directory, segmentName(segment.number))))
        .catch(nothing);
      throw thrown;
    }
    await this.#closeFile();
    this.#handle = handle;
    this.#segments.push(segment);
    return { segment, handle };
  }
}

/** The first and the last of each range of numbers. */
function inRanges(numbers: readonly number[]): number[] {
  const ranges: number[] = [];
  for (const number of [...numbers].sort((a, b) => a - b)) {
    if (number === (ranges.at(-1) ?? Number.NaN) + 1) ranges[ranges.length - 1] = number;
    else ranges.push(number, number);
  }
  return ranges;
}
