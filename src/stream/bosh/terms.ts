import type { Crypto } from "../../base/crypto/crypto.ts";

/** The longest that the server may hold a request, in seconds. Shorter than the broker's probes of silence. */
export const WAIT = 50;

/** How many requests the server may hold at a time. */
const HOLD = 1;

/** The attributes by which we ask for a session (XEP-0124, 7.1). */
export const WISHES = {
  content: "text/xml; charset=utf-8",
  ver: "1.11",
  wait: String(WAIT),
  hold: String(HOLD),
  ack: "1",
} as const;

/** The largest `rid` (XEP-0124, 14.1). */
export const LAST_RID = Number.MAX_SAFE_INTEGER;

/** The shortest time between two empty requests of which the first brought nothing, in milliseconds. */
const SHORTEST_POLL = 1000;

/** The more that we wait, so that a slow request does not make the next one come too early, in milliseconds. */
const MARGIN = 100;

/** The terms of a session, as the server's first answer sets them (XEP-0124, 7.2). Times are in milliseconds. */
export interface Terms {
  readonly sid: string;
  /** How long the server holds a request, in seconds. */
  readonly wait: number;
  /** How many requests may be under way at a time. */
  readonly requests: number;
  /** The shortest time between two empty requests. */
  readonly polling: number;
  /** How long there may be no request; `undefined`: for as long as we like. */
  readonly inactivity: number | undefined;
  /** True if the server says which requests it has. */
  readonly acks: boolean;
}

/** Reads the terms. `undefined`: the answer creates no session. */
export function termsOf(
  attributes: Readonly<Record<string, string | undefined>>,
): Terms | undefined {
  const { sid } = attributes;
  if (sid === undefined || sid === "") return undefined;
  const hold = Math.min(seconds(attributes.hold) ?? HOLD, HOLD);
  const inactivity = seconds(attributes.inactivity);
  const polling = (seconds(attributes.polling) ?? 0) * 1000;
  return {
    sid,
    wait: Math.min(seconds(attributes.wait) ?? WAIT, WAIT),
    requests: Math.max(seconds(attributes.requests) ?? hold + 1, 1),
    polling: Math.max(polling, SHORTEST_POLL) + MARGIN,
    inactivity: inactivity === undefined ? undefined : inactivity * 1000,
    acks: attributes.ack !== undefined,
  };
}

/** A number of a body's attribute; `undefined` if there is none that makes sense. */
function seconds(text: string | undefined): number | undefined {
  return text !== undefined && /^[0-9]{1,9}$/.test(text) ? Number(text) : undefined;
}

/** The first `rid`: at least 1, below 2^51, at random. So 2^52 requests can follow it. */
export function firstRid(crypto: Pick<Crypto, "random">): number {
  const [first = 0, ...rest] = crypto.random(7);
  return 1 + rest.reduce((sum, byte) => sum * 256 + byte, first & 0x07);
}
