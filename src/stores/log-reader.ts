import { open, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { HEAD, SECTOR } from "./batch.ts";
import type { Range } from "./manifest.ts";
import {
  batchesOf,
  entryOf,
  linesOf,
  loadSegment,
  numbersIn,
  rangesOf,
  type Segment,
  segmentName,
  segmentNumber,
  segmentWith,
} from "./segment.ts";
import { damaged } from "./store-error.ts";

/** Reads every byte of a log when it is opened. */
export class LogReader {
  readonly #directory: string;
  /** Oldest first. */
  readonly segments: Segment[] = [];
  /** The number of the next entry. */
  next = 1;
  /** Entries whose keys may stand in the log twice, by key. */
  readonly late = new Map<string, number>();
  /** True if more can be written behind the last batch. */
  isClean = true;

  constructor(directory: string) {
    this.#directory = directory;
  }

  /** Reads all files of the range. Ends in `STORE_DAMAGED`. */
  async read({ first, last }: Range): Promise<void> {
    await this.#checkNames(first, last);
    // (The one behind tells where a segment ends, so its head is read first.)
    let behind = first <= last ? await loadSegment(this.#directory, first) : undefined;
    if (behind !== undefined) this.next = behind.segment.first;
    for (let number = first; number <= last && behind !== undefined; number++) {
      const { segment, content } = behind;
      behind = number < last ? await loadSegment(this.#directory, number + 1) : undefined;
      if (segment.first !== this.next) {
        const why = `its first entry is ${segment.first}, not ${this.next}`;
        throw damaged(segmentName(number), 0, why);
      }
      this.isClean = this.#readOne(segment, content, behind?.segment);
    }
  }

  #readOne(segment: Segment, content: Buffer, behind: Segment | undefined): boolean {
    this.segments.push(segment);
    const name = segmentName(segment.number);
    const batches = batchesOf(segment, content, behind?.before);
    for (;;) {
      const { done, value } = batches.next();
      if (done === true) return value;
      const { kind, count, from, to } = value;
      if (kind === "removed") {
        for (const line of linesOf(content, value)) this.#removed(rangesOf(line, name, from));
      } else {
        segment.add(count);
        if (kind === "late") {
          for (const [index, line] of linesOf(content, value).entries()) {
            const { key } = entryOf(line, name, from);
            if (!this.late.has(key)) this.late.set(key, this.next + index);
          }
        }
        this.next += count;
      }
      segment.end = to;
      segment.batches++;
      segment.durable = { end: segment.end, batches: segment.batches };
    }
  }

  #removed(ranges: readonly number[]): void {
    const oldest = this.segments[0]?.first ?? this.next;
    for (const entry of numbersIn(ranges, oldest, this.next - 1)) {
      segmentWith(this.segments, entry)?.remove(entry);
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
      await rm(join(this.#directory, name), { force: true });
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
}
