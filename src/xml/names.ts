import { isNcName } from "./characters.ts";

/** A qualified name as it was spelt, taken apart once. */
export interface Name {
  /** As spelt: `stream:features`. */
  readonly qualified: string;
  /** What stands before the colon; `""` if there is none. */
  readonly prefix: string;
  readonly local: string;
}

/** Names seen before. Bounded: when it is full, names not in it are taken apart each time. */
const known = new Map<string, Name>();
const MOST_KNOWN = 4096;

/** Takes a qualified name apart; undefined if it is none (QName of Namespaces in XML). */
export function nameOf(qualified: string): Name | undefined {
  const found = known.get(qualified);
  if (found !== undefined) return found;
  const colon = qualified.indexOf(":");
  const prefix = colon < 0 ? "" : qualified.slice(0, colon);
  const local = qualified.slice(colon + 1);
  if (!isNcName(local) || (colon >= 0 && !isNcName(prefix))) return undefined;
  const name = { qualified, prefix, local };
  if (known.size < MOST_KNOWN && qualified.length <= 64) known.set(qualified, name);
  return name;
}
