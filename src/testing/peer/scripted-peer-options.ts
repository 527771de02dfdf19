import { badOption, wholeNumber } from "../../base/check.ts";
import {
  choice,
  flag,
  optional,
  type Settled,
  settleOptions,
  type Takes,
  whole,
} from "../../base/option.ts";
import type { Cut } from "./pieces.ts";

/** The longest time that a timer takes. */
const LONGEST = 2 ** 31 - 1;

/** The options of a scripted peer. A new one is one row here, and one in `docs/testing.md`. */
const PEER = {
  /** Where the bytes are cut. Default: the lines of one turn of the event loop are one piece. */
  cut: optional<Cut>(readCut),
  /** TLS may be put on the connection in memory. It is a pretence: no byte changes. Default `false`. */
  tls: flag(false),
  /** The lines that the peer says itself: `S`, as a server, or `C`, as a client. Default `S`. */
  speaks: choice("S", ["S", "C"]),
  /** How many characters the peer reads, before it drops the connection. Default 67,108,864. */
  limit: whole(64 * 1024 * 1024, 1),
  /** How long each line of the other side may take, in milliseconds. Default 30,000. */
  timeout: whole(30_000, 1, LONGEST),
};

/** The names of all options. */
export const peerOptionNames: readonly string[] = Object.keys(PEER);

/** How a scripted peer behaves. A value that cannot be used ends in `BAD_OPTION`. */
export interface ScriptedPeerOptions extends Takes<typeof PEER> {}

/** The options with their defaults. */
export type PeerSettings = Settled<typeof PEER>;

/** Reads the options once. Ends in `BAD_OPTION`. */
export const settlePeer = (options: ScriptedPeerOptions): PeerSettings =>
  settleOptions("ScriptedPeer", { needs: {}, takes: PEER }, options);

function readCut(option: string, value: unknown): Cut {
  if (typeof value === "number") return wholeNumber(option, value, 1);
  if (!Array.isArray(value)) {
    throw badOption(option, "a number of bytes, or a list of offsets", value);
  }
  return value.map((offset) => wholeNumber(option, offset, 1));
}
