/** The table of the polynomial of IEEE 802.3. (`zlib.crc32` is missing in some of the runtimes.) */
const TABLE = Int32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** The checksum CRC-32 of bytes, from 0 to 2³² − 1. */
export function crc32(bytes: Uint8Array, from = 0, to: number = bytes.length): number {
  let crc = -1;
  for (let at = from; at < to; at++) {
    crc = (crc >>> 8) ^ (TABLE[(crc ^ (bytes[at] ?? 0)) & 0xff] ?? 0);
  }
  return ~crc >>> 0;
}
