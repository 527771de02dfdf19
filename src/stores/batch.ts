import { crc32 } from "./crc32.ts";

/** The unit that a disk writes whole or not at all. */
export const SECTOR = 512;

/** The bytes in front of the lines of a batch. */
export const HEAD = 36;

const MAGIC = 0x584f4231;

/** The last byte of a batch, and of each line. */
const LINE_END = 10;

/**
 * The kinds of batches. `entries`: stanzas, one a line. `late`: the same, appended while older ones were still unread,
 * so that a key may stand there twice. `removed`: one line, the first and the last number of each range.
 */
export type BatchKind = "entries" | "late" | "removed";

const KINDS: readonly BatchKind[] = ["entries", "late", "removed"];

/** A batch in a segment: what one write adds, whole or not at all. */
export interface Batch {
  readonly kind: BatchKind;
  /** How many lines it has. */
  readonly count: number;
  /** How many entries of its segment are before its first. */
  readonly before: number;
  /** Where its lines are in the file, and where the next batch begins. */
  readonly from: number;
  readonly to: number;
}

/** The result of reading at a place: a batch, the end of what was written, or damage. */
export type Reading =
  | Batch
  | { readonly kind: "end"; readonly isClean: boolean }
  | { readonly kind: "damaged"; readonly at: number; readonly why: string };

/**
 * Writes a batch:
 *
 *     "XOB1" kind length checksum number count before durable checksum-of-these   (9 × 4 bytes)
 *     one line of JSON for each entry
 *
 * `durable` is the number of batches of its file that were on the disk when this one was written.
 */
export function encodeBatch(
  kind: BatchKind,
  lines: readonly string[],
  number: number,
  before: number,
  durable: number,
): Buffer {
  const text = `${lines.join("\n")}\n`;
  const length = Buffer.byteLength(text);
  const bytes = Buffer.allocUnsafe(HEAD + length);
  bytes.write(text, HEAD);
  bytes.writeUInt32BE(MAGIC, 0);
  bytes.writeUInt32BE(KINDS.indexOf(kind), 4);
  bytes.writeUInt32BE(length, 8);
  bytes.writeUInt32BE(crc32(bytes, HEAD), 12);
  bytes.writeUInt32BE(number, 16);
  bytes.writeUInt32BE(lines.length, 20);
  bytes.writeUInt32BE(before, 24);
  bytes.writeUInt32BE(durable, 28);
  bytes.writeUInt32BE(crc32(bytes, 0, 32), 32);
  return bytes;
}

/**
 * Reads the batch with this number at this place of a segment. A segment is made of zeros, and one write adds one batch.
 * A loss of power takes the end of what was not durable, or whole sectors of it. So a batch may be incomplete where
 * each later one was written before it was durable. All else is damage.
 */
export function readBatch(bytes: Buffer, at: number, number: number): Reading {
  const head = headAt(bytes, at, number);
  if (head === undefined) return headless(bytes, at, number);
  const { kind, count, before, from, to, sum } = head;
  if (to > bytes.length) return { kind: "damaged", at, why: "a batch is longer than its file" };
  if (crc32(bytes, from, to) === sum) return { kind, count, before, from, to };
  // The last byte is always the same: where nothing but it is missing, all the lines are there.
  const last = bytes[to - 1];
  bytes[to - 1] = LINE_END;
  if (crc32(bytes, from, to) === sum) return { kind, count, before, from, to };
  bytes[to - 1] = last ?? 0;
  const isTorn = bytes[to - 1] === 0 || hasEmptySector(bytes, at, to);
  if (isTorn && !wasDurable(bytes, from, number)) return { kind: "end", isClean: false };
  return { kind: "damaged", at, why: "the checksum of a batch does not fit" };
}

/** Nothing that can be read begins here: the end, a torn beginning of a batch, or damage. */
function headless(bytes: Buffer, at: number, number: number): Reading {
  const { length } = bytes;
  if (at + HEAD > length || isEmpty(bytes, at, length)) return { kind: "end", isClean: true };
  const next = Math.min((Math.floor(at / SECTOR) + 1) * SECTOR, length);
  const isTorn =
    isEmpty(bytes, at + HEAD, length) ||
    isEmpty(bytes, at, next) ||
    (at + HEAD > next && isEmpty(bytes, next, Math.min(next + SECTOR, length)));
  if (isTorn && !wasDurable(bytes, at, number)) return { kind: "end", isClean: false };
  return { kind: "damaged", at, why: "no batch begins here" };
}

function headAt(bytes: Buffer, at: number, number: number | undefined) {
  if (at + HEAD > bytes.length || bytes.readUInt32BE(at) !== MAGIC) return undefined;
  if (crc32(bytes, at, at + 32) !== bytes.readUInt32BE(at + 32)) return undefined;
  const found = bytes.readUInt32BE(at + 16);
  const kind = KINDS[bytes.readUInt32BE(at + 4)];
  if (kind === undefined || (number !== undefined && found !== number)) return undefined;
  const from = at + HEAD;
  const to = from + bytes.readUInt32BE(at + 8);
  return {
    kind,
    number: found,
    count: bytes.readUInt32BE(at + 20),
    before: bytes.readUInt32BE(at + 24),
    durable: bytes.readUInt32BE(at + 28),
    from,
    to,
    sum: bytes.readUInt32BE(at + 12),
  };
}

/** True if a later batch behind tells that the one with this number was durable. */
function wasDurable(bytes: Buffer, from: number, number: number): boolean {
  for (const at of placesOf(bytes, from)) {
    const head = headAt(bytes, at, undefined);
    if (head !== undefined && head.durable > number) return true;
  }
  return false;
}

/** The next batch that is whole from a place on, with its place and its number: for what is behind damage. */
export function wholeBatchFrom(
  bytes: Buffer,
  from: number,
): (Batch & { readonly at: number; readonly number: number }) | undefined {
  for (const at of placesOf(bytes, from)) {
    const head = headAt(bytes, at, undefined);
    if (head === undefined || head.to > bytes.length) continue;
    if (crc32(bytes, head.from, head.to) === head.sum) return { ...head, at };
  }
  return undefined;
}

/** The places where a batch may begin. */
function* placesOf(bytes: Buffer, from: number): Generator<number> {
  const magic = Buffer.alloc(4);
  magic.writeUInt32BE(MAGIC);
  for (let at = bytes.indexOf(magic, from); at >= 0; at = bytes.indexOf(magic, at + 1)) yield at;
}

/** True if a sector, or the part of it that is in this range, holds nothing. */
function hasEmptySector(bytes: Buffer, from: number, to: number): boolean {
  for (let at = Math.ceil(from / SECTOR) * SECTOR; at + SECTOR <= to; at += SECTOR) {
    if (isEmpty(bytes, at, at + SECTOR)) return true;
  }
  return false;
}

function isEmpty(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at++) if (bytes[at] !== 0) return false;
  return true;
}
