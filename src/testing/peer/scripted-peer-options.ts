import { badOption, knownOptions, oneOf, wholeNumber } from "../../base/check.ts";
import type { Cut } from "./pieces.ts";
import type { Side } from "./script.ts";

/** How a scripted peer behaves. Everything has a default; a value that cannot be used ends in `BAD_OPTION`. */
export interface ScriptedPeerOptions {
  /** Where the bytes are cut. Default: what is said in one turn of the event loop is one piece. */
  readonly cut?: Cut | undefined;
  /** Whether TLS may be put on the connection in memory. It is a pretence: no byte changes. Default `false`. */
  readonly tls?: boolean | undefined;
  /** The lines that the peer says itself: `S`, as a server (the default), or `C`, as a client. */
  readonly speaks?: "S" | "C" | undefined;
  /** How much may be heard, in characters. Beyond it the peer drops the connection. Default 64 Mi. */
  readonly limit?: number | undefined;
  /** How long the peer waits for each line of the other side, in milliseconds. Default 30,000. */
  readonly timeout?: number | undefined;
}

/** The options with their defaults. */
export interface PeerSettings {
  readonly cut: Cut | undefined;
  readonly tls: boolean;
  readonly speaks: Side;
  readonly limit: number;
  readonly timeout: number;
}

/** The longest time that a timer takes. */
const LONGEST = 2 ** 31 - 1;

/** Reads the options once. Ends in `BAD_OPTION`. */
export function settlePeer(given: ScriptedPeerOptions): PeerSettings {
  const known = ["cut", "tls", "speaks", "limit", "timeout"];
  const options = knownOptions("ScriptedPeer", given, known, "options");
  return {
    cut: options.cut === undefined ? undefined : readCut(options.cut),
    tls: oneOf("tls", options.tls ?? false, [true, false]),
    speaks: oneOf("speaks", options.speaks ?? "S", ["S", "C"]),
    limit: wholeNumber("limit", options.limit ?? 64 * 1024 * 1024, 1),
    timeout: wholeNumber("timeout", options.timeout ?? 30_000, 1, LONGEST),
  };
}

function readCut(value: unknown): Cut {
  if (typeof value === "number") return wholeNumber("cut", value, 1);
  if (!Array.isArray(value))
    throw badOption("cut", "a number of bytes, or a list of offsets", value);
  return value.map((offset) => wholeNumber("cut", offset, 1));
}
