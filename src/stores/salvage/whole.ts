import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { StoredEntry } from "../../contract/store.ts";
import { type Batch, readBatch, SECTOR, wholeBatchFrom } from "../batch.ts";
import { readCheckedLine } from "../checked-line.ts";
import { entryOf, linesOf, numbersIn, rangesOf, segmentNumber } from "../segment.ts";

/** A part of a file that is not as it was written. */
export interface Loss {
  readonly file: string;
  readonly offset: number;
  readonly why: string;
}

/** All that is whole in one segment of a log, and what is not. */
export interface WholeSegment {
  readonly file: string;
  readonly bytes: number;
  /** The number of its first entry; `undefined`: its first line is damaged. */
  readonly first: number | undefined;
  /** Where its last whole batch ends, and where the file before had its end. */
  readonly end: number;
  readonly endBefore: number | undefined;
  readonly batches: readonly Batch[];
  readonly losses: readonly Loss[];
  readonly content: Buffer;
}

/** The files of the log of a directory, oldest first. */
export async function logNames(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory);
  return names.filter((name) => segmentNumber(name) !== undefined).sort();
}

/** Reads all of a segment that is whole, also behind damage. */
export async function wholeSegment(directory: string, file: string): Promise<WholeSegment> {
  const content = await readFile(join(directory, file));
  const head = readCheckedLine(content.subarray(0, SECTOR));
  const losses: Loss[] = [];
  if (head === undefined) losses.push({ file, offset: 0, why: "its first line is damaged" });
  else if (head.bytes !== content.length) {
    losses.push({ file, offset: content.length, why: `the file had ${String(head.bytes)} bytes` });
  }
  const batches: Batch[] = [];
  const add = (batch: Batch) => {
    try {
      check(content, batch, file);
      batches.push(batch);
    } catch {
      losses.push({ file, offset: batch.from, why: "a line of it cannot be read" });
    }
  };
  let at = SECTOR;
  for (let number = 0; ; number++) {
    const reading = readBatch(content, at, number);
    if (reading.kind === "end") break;
    if (reading.kind !== "damaged") {
      add(reading);
      at = reading.to;
      continue;
    }
    losses.push({ file, offset: reading.at, why: reading.why });
    const next = wholeBatchFrom(content, at + 1);
    if (next === undefined) break;
    add(next);
    at = next.to;
    ({ number } = next);
  }
  const first = typeof head?.first === "number" ? head.first : undefined;
  const { end } = (head?.before ?? {}) as { readonly end?: number };
  return {
    file,
    bytes: content.length,
    first,
    end: at,
    endBefore: end,
    batches,
    losses,
    content,
  };
}

/** The end that a file has lost, as the one behind it tells. (One whose damage is known has lost no more.) */
export function lostEnd(
  before: WholeSegment | undefined,
  { file, endBefore = 0 }: WholeSegment,
): readonly Loss[] {
  if (before === undefined || segmentNumber(file) !== 1 + (segmentNumber(before.file) ?? 0))
    return [];
  if (before.losses.length > 0 || endBefore <= before.end) return [];
  return [{ file: before.file, offset: before.end, why: `it ended at byte ${endBefore}` }];
}

/** Reads all lines of a batch. Ends in `STORE_DAMAGED`. */
function check(content: Buffer, batch: Batch, file: string): void {
  const read = batch.kind === "removed" ? rangesOf : entryOf;
  for (const line of linesOf(content, batch)) read(line, file, batch.from);
}

/** The entries of a segment, each with its number where that is known. */
export function* entriesOf(segment: WholeSegment): Generator<[number | undefined, StoredEntry]> {
  const { file, first, batches, content } = segment;
  for (const batch of batches) {
    if (batch.kind === "removed") continue;
    for (const [index, line] of linesOf(content, batch).entries()) {
      const number = first === undefined ? undefined : first + batch.before + index;
      yield [number, entryOf(line, file, batch.from)];
    }
  }
}

/** The numbers of the entries that the files of a log tell are removed. */
export async function removedFrom(
  directory: string,
  names: readonly string[],
): Promise<ReadonlySet<number>> {
  const removals: (readonly number[])[] = [];
  let least = Number.POSITIVE_INFINITY;
  let most = 0;
  for (const name of names) {
    const { first, batches, content } = await wholeSegment(directory, name);
    for (const batch of batches) {
      if (batch.kind === "removed") {
        for (const line of linesOf(content, batch)) {
          removals.push(rangesOf(line, name, batch.from));
        }
      } else if (first !== undefined) {
        least = Math.min(least, first);
        most = Math.max(most, first + batch.before + batch.count - 1);
      }
    }
  }
  return new Set(removals.flatMap((ranges) => [...numbersIn(ranges, least, most)]));
}
