import { crc32 } from "./crc32.ts";

/** The facts at a fixed place of a file: a line of JSON with its checksum, filled up with zeros. */
export function checkedLine(facts: object, bytes: number): Buffer {
  const text = Buffer.from(JSON.stringify(facts));
  const line = Buffer.concat([text, Buffer.from(` ${sumOf(text)}\n`)]);
  if (line.length > bytes)
    throw new RangeError(`a line of ${line.length} bytes, ${bytes} are there`);
  return Buffer.concat([line, Buffer.alloc(bytes - line.length)]);
}

/** Reads such a line; `undefined`: it is not as it was written. */
export function readCheckedLine(bytes: Buffer): Readonly<Record<string, unknown>> | undefined {
  const end = bytes.indexOf("\n");
  if (end < 9) return undefined;
  const text = bytes.subarray(0, end - 9);
  if (bytes.toString("latin1", end - 9, end) !== ` ${sumOf(text)}`) return undefined;
  try {
    const facts: unknown = JSON.parse(text.toString());
    return typeof facts === "object" && facts !== null
      ? (facts as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

function sumOf(text: Buffer): string {
  return crc32(text).toString(16).padStart(8, "0");
}
