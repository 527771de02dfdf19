import { fstatSync } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { BrokerError } from "../base/errors.ts";
import type { StoredEntry } from "../contract/store.ts";
import { type Batch, readBatch, SECTOR } from "./batch.ts";
import { Bits } from "./bits.ts";
import { checkedLine, readCheckedLine } from "./checked-line.ts";
import { VERSION } from "./manifest.ts";
import { codeOf, damaged } from "./store-error.ts";
import { syncDirectory } from "./sync-directory.ts";

/** The end of the segment before, as the next one tells it. */
export interface End {
  /** Where its last batch ends. */
  readonly end: number;
  /** How many batches it has. */
  readonly batches: number;
}

/** The facts at the head of a segment. */
interface Head {
  readonly version: number;
  readonly segment: number;
  /** How large the file is: it was filled up with zeros when it was made. */
  readonly bytes: number;
  /** The number of its first entry. */
  readonly first: number;
  /** The end of the segment before; `null` where there was none. */
  readonly before: End | null;
}

/** One file of the log. It is filled up with zeros when it is made, so a tail that was cut is missed. */
export class Segment {
  readonly number: number;
  readonly first: number;
  readonly bytes: number;
  readonly before: End | undefined;
  /** Where the next batch goes, and its number. */
  end = SECTOR;
  batches = 0;
  /** The same, as far as the disk has it for sure. */
  durable: End = { end: SECTOR, batches: 0 };
  /** How many entries it has, and how many are not removed. */
  count = 0;
  live = 0;
  /** The entries that are removed, counted from the first. */
  readonly #gone = new Bits();

  constructor({ segment, first, bytes, before }: Head) {
    this.number = segment;
    this.first = first;
    this.bytes = bytes;
    this.before = before ?? undefined;
  }

  /** Entries were added. */
  add(count: number): void {
    this.count += count;
    this.live += count;
  }

  /** An entry is removed. */
  remove(entry: number): void {
    if (entry - this.first < this.count && this.#gone.add(entry - this.first)) this.live--;
  }

  /** True if an entry is removed. */
  isGone(entry: number): boolean {
    return this.#gone.has(entry - this.first);
  }
}

/** The name of the file of a segment. */
export function segmentName(number: number): string {
  return `${String(number).padStart(10, "0")}.log`;
}

/** The number of a segment by its file's name; `undefined`: it is another file. */
export function segmentNumber(name: string): number | undefined {
  return /^\d{10,15}\.log$/.test(name) ? Number.parseInt(name, 10) : undefined;
}

/** Makes the file of a new segment, whole on the disk: later writes need no more room. */
export async function createSegment(
  directory: string,
  head: Omit<Head, "version">,
): Promise<{ readonly segment: Segment; readonly handle: FileHandle }> {
  const file = join(directory, segmentName(head.segment));
  // (A new file: a link of that name would lead elsewhere.)
  await rm(file, { force: true });
  const handle = await open(file, "wx+", 0o600);
  try {
    await writeAll(handle, checkedLine({ version: VERSION, ...head }, SECTOR), 0);
    const zeros = Buffer.alloc(Math.min(head.bytes - SECTOR, 1 << 20));
    for (let at = SECTOR; at < head.bytes; at += zeros.length) {
      await writeAll(handle, zeros.subarray(0, head.bytes - at), at);
    }
    await handle.sync();
    await syncDirectory(directory);
    return { segment: new Segment({ version: VERSION, ...head }), handle };
  } catch (thrown) {
    await handle.close();
    await rm(file, { force: true });
    throw thrown;
  }
}

/** Writes all bytes at a place. (A disk that is nearly full takes a part, and fails at the next.) */
export async function writeAll(handle: FileHandle, bytes: Buffer, at: number): Promise<void> {
  for (let done = 0; done < bytes.length; ) {
    const { bytesWritten } = await handle.write(bytes, done, bytes.length - done, at + done);
    done += bytesWritten;
  }
}

/** Reads the file of a segment and its head. Ends in `STORE_DAMAGED`. */
export async function loadSegment(
  directory: string,
  number: number,
): Promise<{ readonly segment: Segment; readonly content: Buffer }> {
  const name = segmentName(number);
  const content = await contentOf(join(directory, name), name);
  const head = readCheckedLine(content.subarray(0, SECTOR)) as unknown as Head | undefined;
  if (head === undefined || head.segment !== number) {
    throw damaged(name, 0, "its first line is not as it was written");
  }
  if (content.length !== head.bytes) {
    throw damaged(name, content.length, `the file had ${head.bytes} bytes`);
  }
  return { segment: new Segment(head), content };
}

async function contentOf(file: string, name: string): Promise<Buffer> {
  const handle = await open(file, "r").catch((thrown: unknown) => {
    if (codeOf(thrown) === "ENOENT") throw damaged(name, 0, "the file is missing");
    throw thrown;
  });
  try {
    return await handle.readFile();
  } finally {
    await handle.close();
  }
}

/** The lines of a batch. */
export function linesOf(content: Buffer, { from, to }: Batch): string[] {
  return content.toString("utf8", from, to - 1).split("\n");
}

/** Reads an entry from its line. Ends in `STORE_DAMAGED`. */
export function entryOf(line: string, name: string, at: number): StoredEntry {
  const entry = parsed(line);
  if (typeof entry === "object" && entry !== null && "key" in entry && "text" in entry) {
    if (typeof entry.key === "string" && typeof entry.text === "string")
      return entry as StoredEntry;
  }
  throw damaged(name, at, "a line of it is no entry");
}

/** Reads from their line the numbers of removed entries: the first and the last of each range. */
export function rangesOf(line: string, name: string, at: number): readonly number[] {
  const ranges = parsed(line);
  if (Array.isArray(ranges) && ranges.every((each) => typeof each === "number")) return ranges;
  throw damaged(name, at, "a line of it is no list of numbers");
}

/** The numbers of ranges that lie within two bounds: a wrong line may name all numbers that there are. */
export function* numbersIn(
  ranges: readonly number[],
  least: number,
  most: number,
): Generator<number> {
  for (let at = 0; at + 1 < ranges.length; at += 2) {
    const to = Math.min(ranges[at + 1] ?? 0, most);
    for (let entry = Math.max(ranges[at] ?? 0, least); entry <= to; entry++) yield entry;
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** The segment of a log that has this entry; `undefined`: its file is gone. */
export function segmentWith(segments: readonly Segment[], entry: number): Segment | undefined {
  let low = 0;
  let high = segments.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((segments[middle]?.first ?? 0) <= entry) low = middle + 1;
    else high = middle;
  }
  return segments[low - 1];
}

/**
 * Reads the batches of a segment. `last`: where it ends, if the segment behind it tells; else the end may be torn.
 * Returns true if the end is clean, so that more can be written behind it. Ends in `STORE_DAMAGED`.
 */
export function* batchesOf(
  { number, end: start }: Segment,
  content: Buffer,
  last: End | undefined,
): Generator<Batch, boolean> {
  let at = start;
  for (let batch = 0; ; batch++) {
    if (last !== undefined && at === last.end && batch === last.batches) return true;
    const reading = readBatch(content, at, batch);
    if (reading.kind === "damaged") throw damaged(segmentName(number), reading.at, reading.why);
    if (reading.kind === "end") {
      if (last === undefined) return reading.isClean;
      throw damaged(segmentName(number), at, `it ended at byte ${last.end}`);
    }
    yield reading;
    at = reading.to;
  }
}

/** A file that was deleted takes writes, and nobody finds them: that ends in `STORE_FAILED`. */
export function checkLinked(handle: FileHandle, { number }: Segment): void {
  if (fstatSync(handle.fd).nlink > 0) return;
  throw new BrokerError("STORE_FAILED", `${segmentName(number)} was deleted`);
}
