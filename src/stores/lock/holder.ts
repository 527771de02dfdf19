import { readFile, readlink } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { codeOf } from "../store-error.ts";
import { stateOf } from "./life-sign.ts";

/** The process that holds a lock. The rest tells it from a later one that got the same number. */
export interface Holder {
  readonly pid: number;
  /** When it began, in ticks since the machine did. */
  readonly started: string | undefined;
  /** The run of the machine, and the room in which process numbers count. */
  readonly boot: string | undefined;
  readonly room: string | undefined;
  readonly host: string;
  /** Tells one lock of a process from another. */
  readonly token: string;
  /** True if it has a sign of life: a socket beside the lock. */
  readonly hasSign?: boolean | undefined;
}

/** The facts of this process. */
export async function ownHolder(token: string, hasSign: boolean): Promise<Holder> {
  const boot = await read("/proc/sys/kernel/random/boot_id");
  const room = await readlink("/proc/self/ns/pid").catch(() => undefined);
  const started = await startOf(process.pid);
  return {
    pid: process.pid,
    started,
    boot: boot?.trim(),
    room,
    host: hostname(),
    token,
    hasSign,
  };
}

/** Reads the text of a lock; `undefined`: it names no process. */
export function readHolder(text: string): Holder | undefined {
  try {
    const holder = JSON.parse(text) as Partial<Holder> | null;
    const isHolder =
      Number.isSafeInteger(holder?.pid) &&
      (holder?.pid ?? 0) > 0 &&
      /^[0-9a-f]{16}$/.test(String(holder?.token));
    return isHolder ? (holder as Holder) : undefined;
  } catch {
    return undefined;
  }
}

/** The file of the sign of life of a holder. */
export function signOf(directory: string, token: string): string {
  return join(directory, `lock.${token}.sock`);
}

/**
 * True if the holder may still be alive. On its own machine its sign of life tells. Without one its start time tells it
 * from a later process with its number, where the system has one. A holder in another container that left no sign, and
 * one on another machine, are taken for alive.
 */
export async function isAlive(directory: string, holder: Holder, own: Holder): Promise<boolean> {
  const isHere = holder.host === own.host;
  if (holder.boot !== own.boot) return !isHere;
  if (holder.boot === undefined && !isHere) return true;
  if (holder.hasSign === true) {
    const sign = await stateOf(signOf(directory, holder.token));
    if (sign === "alive" || sign === "gone") return sign === "alive";
    // A process that ends in order removes it. So does a worker thread, whose process lives on.
    const isTold = holder.room === own.room && holder.pid !== own.pid;
    if (sign === "removed" && !isTold) return false;
  }
  if (holder.room !== own.room) return true;
  if (!answers(holder.pid)) return false;
  const started = await startOf(holder.pid);
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

async function startOf(pid: number): Promise<string | undefined> {
  const stat = await read(`/proc/${pid}/stat`);
  // The name of the program may hold spaces and brackets; the start time is the 20th word after it (proc(5)).
  return stat?.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
}

async function read(file: string): Promise<string | undefined> {
  return await readFile(file, "utf8").catch(() => undefined);
}
