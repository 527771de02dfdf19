/** Methods of `Buffer` on Node, Bun and Deno. They are several times faster than `TextDecoder`. */
interface Slices {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}

const node = (globalThis as { Buffer?: { prototype: Partial<Slices> } }).Buffer?.prototype;

type Decode = (bytes: Uint8Array, start: number, end: number) => string;

function decodeWith(native: Slices[keyof Slices] | undefined, encoding: string): Decode {
  if (native !== undefined) return (bytes, start, end) => native.call(bytes, start, end);
  const decoder = new TextDecoder(encoding, { ignoreBOM: true });
  return (bytes, start, end) => decoder.decode(bytes.subarray(start, end));
}

/** Makes a string of legal UTF-8. */
export const utf8 = decodeWith(node?.utf8Slice, "utf-8");

/** Makes a string of one character a byte. It is right for ASCII; other bytes keep their places. */
export const latin1 = decodeWith(node?.latin1Slice, "latin1");

const encoder = new TextEncoder();
const LONE_SURROGATES = /[\ud800-\udfff]/gu;

/** Makes UTF-8 of a text. Half a surrogate pair becomes U+FFFF, which is illegal in XML as well. */
export function encode(text: string): Uint8Array {
  return encoder.encode(text.replace(LONE_SURROGATES, "\uffff"));
}
