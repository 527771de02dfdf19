import { randomBytes } from "node:crypto";
import { link, open, readFile, readlink, rename, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { BrokerError } from "../base/errors.ts";
import { codeOf } from "./store-error.ts";

/** The file that names the process which has a directory open. */
export const LOCK = "lock";

/** The process that holds a lock. The rest tells it from a later one that got the same number. */
interface Holder {
  readonly pid: number;
  /** When it began, in ticks since the machine did. */
  readonly started: string | undefined;
  /** The run of the machine, and the room in which process numbers count. */
  readonly boot: string | undefined;
  readonly room: string | undefined;
  readonly host: string;
  /** Tells one lock of a process from another. */
  readonly token: string;
}

/** The lock on a directory: a file with the holder's process, made in one step. */
export class Lock {
  readonly #file: string;
  readonly #token: string;

  private constructor(file: string, token: string) {
    this.#file = file;
    this.#token = token;
  }

  /** Locks a directory. The lock of a process that is gone is taken over. Ends in `STORE_LOCKED`. */
  static async take(directory: string): Promise<Lock> {
    const file = join(directory, LOCK);
    const token = randomBytes(8).toString("hex");
    const own: Holder = { ...(await processFacts(process.pid)), host: hostname(), token };
    const draft = `${file}.${token}`;
    try {
      await writeDurably(draft, JSON.stringify(own));
      for (let tries = 0; tries < 3; tries++) {
        if (await placed(draft, file)) return new Lock(file, token);
        const text = await textOf(file);
        if (text === undefined) continue;
        const holder = readHolder(text);
        if (holder === undefined) throw locked(`the file ${file} names no process`);
        if (await isAlive(holder, own))
          throw locked(`by process ${holder.pid} on ${holder.host} (${file})`);
        await putAside(file, text, token);
      }
      throw locked(`another process has just taken ${file}`);
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** Lets others take it. */
  async release(): Promise<void> {
    const text = await textOf(this.#file);
    if (text !== undefined && readHolder(text)?.token === this.#token) await rm(this.#file);
  }
}

/** The process that a directory's lock names, and "gone" where a broker would take the lock over; `undefined`: no lock. */
export async function lockHolder(directory: string): Promise<string | undefined> {
  const text = await textOf(join(directory, LOCK));
  if (text === undefined) return undefined;
  const holder = readHolder(text);
  if (holder === undefined) return "a lock that names no process";
  const own: Holder = { ...(await processFacts(process.pid)), host: hostname(), token: "" };
  const name = `process ${holder.pid} on ${holder.host}`;
  return (await isAlive(holder, own)) ? name : `${name}, which is gone`;
}

/** Writes a file. (After a loss of power, a lock that is there without its text would name no process.) */
async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, "w", 0o600);
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

/** Takes the lock of a dead process away. Where another process has been faster, its lock goes back. */
async function putAside(file: string, dead: string, token: string): Promise<void> {
  const aside = `${file}.${token}.old`;
  try {
    await rename(file, aside);
    if ((await textOf(aside)) !== dead) await placed(aside, file);
  } catch (thrown) {
    if (codeOf(thrown) !== "ENOENT") throw thrown;
  } finally {
    await rm(aside, { force: true });
  }
}

function readHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    return Number.isSafeInteger(holder?.pid) && (holder?.pid ?? 0) > 0
      ? (holder as Holder)
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * True if the holder may still be alive. On Linux the start time tells it from a later process with its number.
 * Elsewhere any process with its number counts. A holder in another container on a machine of this name is gone, since
 * the container was started anew; one on another machine is taken for alive.
 */
async function isAlive(holder: Holder, own: Holder): Promise<boolean> {
  if (holder.host !== own.host) return true;
  if (holder.boot !== own.boot || holder.room !== own.room) return false;
  if (!answers(holder.pid)) return false;
  const { started } = await processFacts(holder.pid);
  return started === undefined || holder.started === undefined || started === holder.started;
}

/** True if there is a process with this number. */
function answers(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return codeOf(thrown) !== "ESRCH";
  }
}

async function processFacts(
  pid: number,
): Promise<Pick<Holder, "pid" | "started" | "boot" | "room">> {
  const stat = await textOf(`/proc/${pid}/stat`);
  // The name of the program may hold spaces and brackets; the start time is the 20th word after it (proc(5)).
  const started = stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  const boot = (await textOf("/proc/sys/kernel/random/boot_id"))?.trim();
  const room = await readlink("/proc/self/ns/pid").catch(() => undefined);
  return { pid, started, boot, room };
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch {
    return undefined;
  }
}
