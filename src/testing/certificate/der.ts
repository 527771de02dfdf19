import { Buffer } from "node:buffer";

/** One encoded value of ASN.1's distinguished encoding rules (X.690): tag, length, content. */
export type Der = Uint8Array;

/** A sequence of the values given, in their order. */
export const sequence = (...values: readonly Der[]): Der => tagged(0x30, ...values);

/** A set; with one member, as in a distinguished name, there is no order to get wrong. */
export const set = (value: Der): Der => tagged(0x31, value);

export const boolean = (value: boolean): Der => tagged(0x01, Uint8Array.of(value ? 0xff : 0x00));

/** A non-negative integer, most significant byte first. */
export function integer(bytes: Uint8Array): Der {
  let start = 0;
  while (start < bytes.length - 1 && bytes[start] === 0) start++;
  const shortest = bytes.subarray(start);
  // A leading one bit would make it negative.
  const negative = ((shortest[0] ?? 0) & 0x80) !== 0;
  return tagged(0x02, ...(negative ? [Uint8Array.of(0)] : []), shortest);
}

/** A bit string; `unused` is how many bits at its end do not count. */
export const bitString = (bytes: Uint8Array, unused = 0): Der =>
  tagged(0x03, Uint8Array.of(unused), bytes);

export const octetString = (bytes: Uint8Array): Der => tagged(0x04, bytes);

export const utf8String = (text: string): Der => tagged(0x0c, Buffer.from(text, "utf8"));

/** An object identifier from its dotted text. */
export function oid(dotted: string): Der {
  const [first = 0, second = 0, ...rest] = dotted.split(".").map(Number);
  return tagged(0x06, Uint8Array.from([first * 40 + second, ...rest].flatMap(base128)));
}

/** A time in UTC, to the second; certificates before 2050 want the two-digit year (RFC 5280, 4.1.2.5). */
export function time(date: Date): Der {
  const digits = date.toISOString().replace(/[-:T]|\..*/g, "") + "Z";
  return date.getUTCFullYear() < 2050
    ? tagged(0x17, Buffer.from(digits.slice(2), "ascii"))
    : tagged(0x18, Buffer.from(digits, "ascii"));
}

/** A value under a context tag: explicit (constructed, around other values). */
export const explicit = (number: number, ...values: readonly Der[]): Der =>
  tagged(0xa0 | number, ...values);

/** A context tag that stands instead of a primitive value's own tag. */
export const implicit = (number: number, content: Uint8Array): Der =>
  tagged(0x80 | number, content);

/** DER as PEM text (RFC 7468). */
export function pem(label: string, der: Der): string {
  const lines =
    Buffer.from(der)
      .toString("base64")
      .match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
}

function tagged(tag: number, ...contents: readonly Uint8Array[]): Der {
  const content = Buffer.concat(contents);
  return Buffer.concat([Uint8Array.of(tag, ...length(content.length)), content]);
}

/** Up to 127 in one byte; else the count of bytes that follow, then those. */
function length(value: number): number[] {
  if (value < 0x80) return [value];
  const bytes: number[] = [];
  for (let rest = value; rest > 0; rest >>>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

/** Seven bits a byte, most significant first, all but the last marked. */
function base128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >>> 7; rest > 0; rest >>>= 7) bytes.unshift(0x80 | (rest & 0x7f));
  return bytes;
}
