import { randomBytes } from "node:crypto";
import { link, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { nothing } from "../../base/abort.ts";
import { BrokerError } from "../../base/errors.ts";
import { codeOf } from "../store-error.ts";
import { type Holder, isAlive, ownHolder, readHolder, signOf } from "./holder.ts";
import { LifeSign } from "./life-sign.ts";

/** The file that names the process which has a directory open. */
export const LOCK = "lock";

/** The drafts of locks, and the heirs. */
const PART = /^lock\.[0-9a-f]{16}(\.next)?$/;

/** How often another process may be faster. */
const MOST_TRIES = 10;

/**
 * The lock on a directory: a file with the holder's process, made in one step. The lock of a process that is gone has
 * one heir, who makes the file `lock.TOKEN.next` first, TOKEN being that of the dead one:
 *
 *     lock (gone) ── lock.TOKEN.next (gone) ── lock.TOKEN.next (the heir) ── the heir renames its own to lock
 */
export class Lock {
  readonly #directory: string;
  readonly #token: string;
  readonly #sign: LifeSign | undefined;

  private constructor(directory: string, token: string, sign: LifeSign | undefined) {
    this.#directory = directory;
    this.#token = token;
    this.#sign = sign;
  }

  /** Locks a directory. The lock of a process that is gone is taken over. Ends in `STORE_LOCKED`. */
  static async take(directory: string): Promise<Lock> {
    const token = randomBytes(8).toString("hex");
    const draft = join(directory, `${LOCK}.${token}`);
    const sign = await LifeSign.make(signOf(directory, token));
    const lock = new Lock(directory, token, sign);
    try {
      const own = await ownHolder(token, sign !== undefined);
      await writeDurably(draft, JSON.stringify(own));
      await place(directory, draft, own);
      await sweep(directory, own).catch(nothing);
      return lock;
    } catch (thrown) {
      await lock.release().catch(nothing);
      throw thrown;
    } finally {
      await rm(draft, { force: true }).catch(nothing);
    }
  }

  /** Lets others take it. */
  async release(): Promise<void> {
    const file = join(this.#directory, LOCK);
    try {
      const text = await textOf(file);
      if (text !== undefined && readHolder(text)?.token === this.#token) await rm(file);
    } finally {
      await this.#sign?.end();
    }
  }
}

/** The process that a directory's lock names, and "gone" where a broker would take the lock over; `undefined`: no lock. */
export async function lockHolder(directory: string): Promise<string | undefined> {
  const text = await textOf(join(directory, LOCK));
  if (text === undefined) return undefined;
  const holder = readHolder(text);
  if (holder === undefined) return "a lock that names no process";
  const name = `process ${holder.pid} on ${holder.host}`;
  const isHeld = await isAlive(directory, holder, await ownHolder("", false));
  return isHeld ? name : `${name}, which is gone`;
}

/** Puts the draft in place of no lock, or of one whose holder is gone. */
async function place(directory: string, draft: string, own: Holder): Promise<void> {
  const lock = join(directory, LOCK);
  for (let tries = 0; tries < MOST_TRIES; tries++) {
    const gone: { readonly file: string; readonly text: string; readonly token: string }[] = [];
    let file = lock;
    while (!(await placed(draft, file))) {
      const text = await textOf(file);
      // (It was there, and is not any more: another process has taken a step.)
      if (text === undefined) break;
      const holder = readHolder(text);
      if (holder === undefined) throw locked(`the file ${file} names no process`);
      if (await isAlive(directory, holder, own)) {
        throw locked(`by process ${holder.pid} on ${holder.host} (${lock})`);
      }
      gone.push({ file, text, token: holder.token });
      file = join(directory, `${LOCK}.${holder.token}.next`);
    }
    const isPlaced = (await textOf(file)) === JSON.stringify(own);
    const [first] = gone;
    if (isPlaced && first === undefined) return;
    // An heir that was faster has renamed its own to the lock before it removed the file that made it the heir.
    if (isPlaced && (await textOf(lock)) === first?.text) {
      await rename(draft, lock);
      const rest = gone.flatMap((dead) => [dead.file, signOf(directory, dead.token)]).slice(1);
      for (const each of [...rest, file]) await rm(each, { force: true });
      return;
    }
    if (isPlaced) await rm(file, { force: true });
  }
  throw locked(`other processes have just taken ${lock}`);
}

/** Removes the drafts of processes that are gone. */
async function sweep(directory: string, own: Holder): Promise<void> {
  for (const name of await readdir(directory)) {
    if (!PART.test(name)) continue;
    const file = join(directory, name);
    const holder = readHolder((await textOf(file)) ?? "");
    if (holder === undefined || holder.token === own.token) continue;
    if (await isAlive(directory, holder, own)) continue;
    await rm(file, { force: true });
    await rm(signOf(directory, holder.token), { force: true });
  }
}

/** Writes a new file. (After a loss of power, a lock that is there without its text would name no process.) */
async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, "wx", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function locked(detail: string): BrokerError {
  return new BrokerError("STORE_LOCKED", detail);
}

/** Puts the draft in place, unless something is there. */
async function placed(draft: string, file: string): Promise<boolean> {
  try {
    await link(draft, file);
    return true;
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === "EEXIST") return false;
    // Some file systems have no links: there a crash in the middle leaves a file without a holder.
    if (code !== "EPERM" && code !== "ENOSYS" && code !== "ENOTSUP") throw thrown;
  }
  try {
    await writeFile(file, await readFile(draft), { flag: "wx", mode: 0o600 });
    return true;
  } catch (thrown) {
    if (codeOf(thrown) === "EEXIST") return false;
    throw thrown;
  }
}

/** The text of a file; `undefined`: it is not there. */
async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (thrown) {
    if (codeOf(thrown) === "ENOENT") return undefined;
    throw thrown;
  }
}
