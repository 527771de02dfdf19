/** Counters of stanzas begin again at 0 behind 2^32 - 1 (XEP-0198, 4). */
const MODULUS = 2 ** 32;

/** The meaning of an `h`, given what the same side has acknowledged before. */
export type Progress =
  /** So many more stanzas were handled; 0 for an `h` that was told before. */
  | { readonly kind: "handled"; readonly newly: number }
  /** The `h` counts so many stanzas that were never sent. */
  | { readonly kind: "too-high"; readonly by: number }
  /** The `h` takes back so many stanzas that were acknowledged. */
  | { readonly kind: "gone-back"; readonly by: number };

/**
 * Reads a counter of XEP-0198, an xs:unsignedInt: decimal digits up to 4294967295, leading zeros allowed, white
 * space around them ignored. `undefined` for any other text, and for a missing attribute.
 */
export function readCount(text: string | undefined): number | undefined {
  const digits = /^[ \t\r\n]*([0-9]+)[ \t\r\n]*$/.exec(text ?? "")?.[1];
  const count = Number(digits);
  return count < MODULUS ? count : undefined;
}

/** Adds stanzas to a counter. A counter that was never wrapped may be given, and is wrapped. */
export function counted(count: number, more = 0): number {
  return (count + more) % MODULUS;
}

/**
 * Compares an `h` with the last one (`acked`), where `unacked` stanzas were sent since. A distance of 2^31 or more
 * is read as a way back, as serial numbers are (RFC 1982), unless so many stanzas wait.
 */
export function progress(acked: number, unacked: number, h: number): Progress {
  const distance = (h - acked + MODULUS) % MODULUS;
  if (distance <= unacked) return { kind: "handled", newly: distance };
  if (distance < MODULUS / 2) return { kind: "too-high", by: distance - unacked };
  return { kind: "gone-back", by: MODULUS - distance };
}
