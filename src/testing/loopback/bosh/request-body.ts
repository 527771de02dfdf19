import type { IncomingMessage } from "node:http";
import { BOSH } from "../../../stream/bosh/body.ts";
import type { Element } from "../../../xml/element.ts";
import { LIMITS } from "../../../xml/limits.ts";
import { NS } from "../../../xml/namespaces.ts";
import { StreamParser } from "../../../xml/read/stream-parser.ts";

/** The most bytes of a request. */
const MOST_BYTES = 2 * LIMITS.bytes;

/** A request of BOSH (XEP-0124, 7 and 8). */
export interface RequestBody {
  readonly attributes: Readonly<Record<string, string | undefined>>;
  /** The elements in it. */
  readonly payload: readonly Element[];
}

/** Reads the text of a request; `undefined` if it is too large, or breaks off. */
export async function readText(request: IncomingMessage): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let length = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      length += piece.length;
      if (length > MOST_BYTES) return undefined;
      pieces.push(piece);
    }
  } catch {
    return undefined;
  }
  return Buffer.concat(pieces);
}

/** Reads a request; `undefined` if it is no body. */
export function readBody(bytes: Uint8Array): RequestBody | undefined {
  const parser = new StreamParser();
  parser.feed(bytes);
  parser.finish();
  const root = parser.read();
  if (root?.is("body", BOSH.body) !== true) return undefined;
  const payload: Element[] = [];
  for (let next = parser.read(); next !== undefined; next = parser.read()) {
    if (next.ns === BOSH.body) next.ns = NS.client;
    payload.push(next);
  }
  return parser.end === "closed" ? { attributes: root.attrs, payload } : undefined;
}
