import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { BrokerError, isBrokerError } from "../../base/errors.ts";
import { lockHolder } from "../lock/lock.ts";
import { CUT_SALVAGE, isSalvaged, MANIFEST, readManifest } from "../manifest.ts";
import { segmentName } from "../segment.ts";
import { codeOf, storeError } from "../store-error.ts";
import {
  entriesOf,
  type Loss,
  logNames,
  lostEnd,
  removedFrom,
  type WholeSegment,
  wholeSegment,
} from "./whole.ts";

/** The facts of one file of a store. */
export interface FileReport {
  readonly file: string;
  readonly bytes: number;
  /** How many entries are whole, and how many of these wait to be sent. */
  readonly entries: number;
  readonly waiting: number;
}

/** The facts of a store, as far as they can be read. */
export interface StoreReport {
  /** The dialect and the address of its owner; `undefined`: the manifest does not say. */
  readonly identity: string | undefined;
  readonly files: readonly FileReport[];
  /** How many stanzas wait, and since when the oldest and the newest of them do, in milliseconds since 1970. */
  readonly waiting: number;
  readonly oldest: number | undefined;
  readonly newest: number | undefined;
  /** The process that has it open, or had it open when it was killed and is gone. */
  readonly holder: string | undefined;
  readonly losses: readonly Loss[];
}

/** Looks at the store in a directory and changes nothing. Ends in `STORE_FAILED` and `STORE_VERSION`. */
export async function lookAt(directory: string): Promise<StoreReport> {
  try {
    return await look(directory);
  } catch (thrown) {
    throw storeError(thrown);
  }
}

/** The owner of a store, and the segments that there must be. */
export async function ownerOf(directory: string): Promise<ReturnType<typeof readManifest>> {
  return readManifest(await readFile(join(directory, MANIFEST)));
}

/** The error for a directory with neither a manifest nor a log. */
export function noStore(directory: string): BrokerError {
  return new BrokerError("STORE_FAILED", `there is no store in ${directory}`);
}

async function look(directory: string): Promise<StoreReport> {
  const names = await logNames(directory);
  const salvaged = (await readdir(directory)).filter(isSalvaged);
  const losses: Loss[] = salvaged.map((file) => ({ file, offset: 0, why: CUT_SALVAGE }));
  const owner = await ownerOf(directory).catch((thrown: unknown) => {
    if (codeOf(thrown) === "ENOENT" && names.length + salvaged.length === 0)
      throw noStore(directory);
    if (isBrokerError(thrown) && thrown.code === "STORE_VERSION") throw thrown;
    losses.push({ file: MANIFEST, offset: 0, why: "it is missing or damaged" });
    return undefined;
  });
  for (let number = owner?.range.first ?? 1; number <= (owner?.range.last ?? 0); number++) {
    const file = segmentName(number);
    if (!names.includes(file)) losses.push({ file, offset: 0, why: "the file is missing" });
  }
  const gone = await removedFrom(directory, names);
  const files: FileReport[] = [];
  const times: number[] = [];
  let last: WholeSegment | undefined;
  for (const name of names) {
    const segment = await wholeSegment(directory, name);
    losses.push(...lostEnd(last, segment), ...segment.losses);
    last = segment;
    const before = times.length;
    let entries = 0;
    for (const [number, { sent }] of entriesOf(segment)) {
      entries++;
      if (number === undefined || !gone.has(number)) times.push(sent);
    }
    files.push({ file: name, bytes: segment.bytes, entries, waiting: times.length - before });
  }
  const holder = await lockHolder(directory);
  const waiting = times.length;
  const [oldest, newest] = [times.at(0), times.at(-1)];
  return { identity: owner?.identity, files, waiting, oldest, newest, holder, losses };
}
