import { mkdir, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { nothing } from "../../base/abort.ts";
import { BrokerError, isBrokerError } from "../../base/errors.ts";
import type { StoredEntry } from "../../contract/store.ts";
import { fileStore } from "../file-store.ts";
import { Lock } from "../lock/lock.ts";
import { isSalvaged, MANIFEST } from "../manifest.ts";
import { segmentNumber } from "../segment.ts";
import { codeOf, storeError } from "../store-error.ts";
import { syncDirectory } from "../sync-directory.ts";
import { lookAt, noStore, ownerOf } from "./look.ts";
import {
  entriesOf,
  type Loss,
  logNames,
  lostEnd,
  removedFrom,
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
 * its id. It can be killed at any time: the next one begins anew, or goes on where this one had all copied:
 *
 *     salvage.new ── rename: all is copied ── salvaged-TIME ── the old files into damaged-TIME
 *         ── its manifest, then its log into their place
 *
 * Ends in `STORE_LOCKED`, `STORE_FAILED`, `STORE_VERSION`, and in `STORE_DAMAGED` where the identity is needed.
 */
export async function salvage(directory: string, identity: string | undefined): Promise<Salvaged> {
  let lock: Lock | undefined;
  try {
    const names = await readdir(directory);
    if (!names.some((name) => isOfStore(name) || isSalvaged(name))) throw noStore(directory);
    lock = await Lock.take(directory);
    const earlier = names.find(isSalvaged);
    return await (earlier === undefined
      ? rebuild(directory, identity)
      : finish(directory, earlier, []));
  } catch (thrown) {
    throw storeError(thrown);
  } finally {
    // (A lock that stays is one of a process that ends now.)
    await lock?.release().catch(nothing);
  }
}

async function rebuild(directory: string, given: string | undefined): Promise<Salvaged> {
  const owner = await ownerOf(directory).catch((thrown: unknown) => {
    if (isBrokerError(thrown) ? thrown.code === "STORE_VERSION" : codeOf(thrown) !== "ENOENT") {
      throw thrown;
    }
    return undefined;
  });
  const identity = owner?.identity ?? given;
  if (identity === undefined) {
    const detail = `${MANIFEST} at byte 0: it does not say whose store it is: give --dialect, and --jid or --domain`;
    throw new BrokerError("STORE_DAMAGED", detail);
  }
  const draft = join(directory, "salvage.new");
  await rm(draft, { recursive: true, force: true });
  const losses = await copyWhole(directory, draft, identity);
  const copied = `salvaged-${new Date().toISOString().replace(/[:.]/g, "-")}`;
  await rename(draft, join(directory, copied));
  await syncDirectory(directory);
  return await finish(directory, copied, losses);
}

/** Puts what was copied into the place of the old files. */
async function finish(
  directory: string,
  copied: string,
  losses: readonly Loss[],
): Promise<Salvaged> {
  const from = join(directory, copied);
  const aside = join(directory, copied.replace("salvaged", "damaged"));
  await mkdir(aside, { recursive: true, mode: 0o700 });
  // The manifest of the copy is the first of its files that moves: while it is there, all others are old ones.
  if ((await storeNames(from)).includes(MANIFEST)) {
    await moveAll(directory, aside);
    await rename(join(from, MANIFEST), join(directory, MANIFEST));
    await syncDirectory(from);
    await syncDirectory(directory);
  }
  await moveAll(from, directory);
  await rm(from, { recursive: true });
  await syncDirectory(directory);
  const { identity = "", waiting } = await lookAt(directory);
  return { identity, kept: waiting, losses, aside };
}

/** Copies all that is whole into a new store. */
async function copyWhole(
  directory: string,
  draft: string,
  identity: string,
): Promise<readonly Loss[]> {
  const names = await logNames(directory);
  const gone = await removedFrom(directory, names);
  const store = fileStore(draft);
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
      for (const [number, entry] of entriesOf(segment)) {
        if (number !== undefined && gone.has(number)) continue;
        if (!keys.has(entry.key)) entries.push(entry);
        keys.add(entry.key);
      }
      await store.append(entries);
    }
  } finally {
    await store.close();
  }
  return losses;
}

/** The files of a store in a directory; the manifest comes first. */
async function storeNames(directory: string): Promise<readonly string[]> {
  const names = await readdir(directory);
  return names.filter(isOfStore).sort().reverse();
}

/** True for the name of the manifest and of a file of the log. */
function isOfStore(name: string): boolean {
  return name === MANIFEST || segmentNumber(name) !== undefined;
}

/** Moves the files of a store, durably. */
async function moveAll(from: string, to: string): Promise<void> {
  for (const name of await storeNames(from)) await rename(join(from, name), join(to, name));
  await syncDirectory(to);
  await syncDirectory(from);
}
