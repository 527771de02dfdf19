import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { BrokerError } from "../../base/errors.ts";
import type { StoredEntry } from "../../contract/store.ts";
import { fileStore } from "../file-store.ts";
import { Lock } from "../lock/lock.ts";
import { MANIFEST } from "../manifest.ts";
import { segmentNumber } from "../segment.ts";
import { codeOf, storeError } from "../store-error.ts";
import { syncDirectory } from "../sync-directory.ts";
import { noStore, ownerOf } from "./look.ts";
import {
  entriesOf,
  type Loss,
  logNames,
  lostEnd,
  removedIn,
  type WholeSegment,
  wholeSegment,
} from "./whole.ts";

/** The result of a salvage. */
export interface Salvaged {
  readonly identity: string;
  /** How many stanzas the store holds now. */
  readonly kept: number;
  readonly losses: readonly Loss[];
  /** The directory with the damaged files. */
  readonly aside: string;
}

/**
 * Makes a store of all that is whole in a damaged one, in its order, and puts the damaged files aside. `identity` is
 * needed where the manifest does not say whose store it is. A removal that was lost has its stanza sent again, with
 * its id. Ends in `STORE_LOCKED`, `STORE_FAILED`, and in `STORE_DAMAGED` where the identity is needed.
 */
export async function salvage(directory: string, identity: string | undefined): Promise<Salvaged> {
  let lock: Lock | undefined;
  try {
    const names = await logNames(directory);
    lock = await Lock.take(directory);
    return await rebuild(directory, names, identity);
  } catch (thrown) {
    throw storeError(thrown);
  } finally {
    await lock?.release();
  }
}

async function rebuild(
  directory: string,
  names: readonly string[],
  given: string | undefined,
): Promise<Salvaged> {
  const owner = await ownerOf(directory).catch((thrown: unknown) => {
    if (codeOf(thrown) === "ENOENT" && names.length === 0) throw noStore(directory);
    return undefined;
  });
  const identity = owner?.identity ?? given;
  if (identity === undefined) {
    const detail = `${MANIFEST} at byte 0: it does not say whose store it is: give --dialect, and --jid or --domain`;
    throw new BrokerError("STORE_DAMAGED", detail);
  }
  const fresh = join(directory, "salvage");
  await rm(fresh, { recursive: true, force: true });
  const { kept, losses } = await copyWhole(directory, names, fresh, identity);
  const aside = join(directory, `damaged-${new Date().toISOString().replace(/[:.]/g, "-")}`);
  await mkdir(aside, { mode: 0o700 });
  await moveAll(directory, aside);
  await moveAll(fresh, directory);
  await rm(fresh, { recursive: true });
  await syncDirectory(directory);
  return { identity, kept, losses, aside };
}

async function copyWhole(
  directory: string,
  names: readonly string[],
  fresh: string,
  identity: string,
): Promise<Pick<Salvaged, "kept" | "losses">> {
  const gone = new Set<number>();
  for (const name of names) {
    for (const entry of removedIn(await wholeSegment(directory, name))) gone.add(entry);
  }
  const store = fileStore(fresh);
  await store.open(identity);
  const losses: Loss[] = [];
  const keys = new Set<string>();
  let last: WholeSegment | undefined;
  try {
    for (const name of names) {
      const segment = await wholeSegment(directory, name);
      losses.push(...lostEnd(last, segment), ...segment.losses);
      last = segment;
      const entries: StoredEntry[] = [];
      for (const [number, line] of entriesOf(segment)) {
        if (number !== undefined && gone.has(number)) continue;
        const entry = JSON.parse(line) as StoredEntry;
        if (!keys.has(entry.key)) entries.push(entry);
        keys.add(entry.key);
      }
      await store.append(entries);
    }
  } finally {
    await store.close();
  }
  return { kept: keys.size, losses };
}

/** Moves the files of a store. The manifest comes first: a log without one is refused, and not taken for a new store. */
async function moveAll(from: string, to: string): Promise<void> {
  const names = await readdir(from);
  const files = names.filter((name) => name === MANIFEST || segmentNumber(name) !== undefined);
  for (const name of files.sort().reverse()) await rename(join(from, name), join(to, name));
}
