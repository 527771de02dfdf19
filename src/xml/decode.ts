/** How bytes become strings: the fastest way this runtime has. */
interface Slices {
  utf8Slice(this: Uint8Array, start: number, end: number): string;
  latin1Slice(this: Uint8Array, start: number, end: number): string;
}

const node = (globalThis as { Buffer?: { prototype: Slices } }).Buffer?.prototype;
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** The string that bytes known to be legal UTF-8 stand for. */
export const utf8: (bytes: Uint8Array, start: number, end: number) => string =
  typeof node?.utf8Slice === "function"
    ? (bytes, start, end) => node.utf8Slice.call(bytes, start, end)
    : (bytes, start, end) => decoder.decode(bytes.subarray(start, end));
