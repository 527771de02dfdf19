import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { build } from "esbuild";
import { afterEach, beforeAll, describe, expect, test } from "vitest";
import { fileStore } from "../../src/store.ts";
import { Lock } from "../../src/stores/lock/lock.ts";
import { locate } from "../docs/document.ts";
import { entry, keysOf, newDirectory, OWNER, removeDirectories } from "./place.ts";

const isLinux = process.platform === "linux";
const isRoot = process.getuid?.() === 0;

let program = "";

// Its process opens a store, adds an entry, and says so. Then it stays, or kills itself.
beforeAll(async () => {
  const folder = newDirectory();
  await build({
    entryPoints: [fileURLToPath(locate("src/store.ts"))],
    bundle: true,
    format: "esm",
    platform: "node",
    outfile: join(folder, "store.mjs"),
  });
  program = join(folder, "child.mjs");
  const lines = [
    'import { fileStore } from "./store.mjs";',
    'import { parentPort, workerData } from "node:worker_threads";',
    "const [, , directory, what] = workerData ?? process.argv;",
    "const store = fileStore(directory);",
    `await store.open(${JSON.stringify(OWNER)});`,
    `await store.append([${JSON.stringify(entry("a"))}]);`,
    'if (what === "die") process.kill(process.pid, "SIGKILL");',
    'parentPort ? parentPort.postMessage("open") : console.log("open");',
    'if (what === "stay") setInterval(() => undefined, 1000);',
  ];
  writeFileSync(program, lines.join("\n"));
  return removeDirectories;
});

const children = new Set<ChildProcess>();

afterEach(() => {
  for (const child of children) child.kill("SIGKILL");
  children.clear();
});

/** Runs the program in a container: its process numbers begin with 1. */
async function startInContainer(directory: string): Promise<ChildProcess> {
  const words = ["--pid", "--fork", "--kill-child", process.execPath, program, directory, "stay"];
  const child = spawn("unshare", words, { stdio: ["ignore", "pipe", "inherit"] });
  children.add(child);
  await once(child.stdout, "data");
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child.stdout ?? child, "close");
  child.kill("SIGKILL");
  await ended;
}

const locked = (said: string | number) => ({
  code: "STORE_LOCKED",
  message: expect.stringContaining(String(said)) as string,
});

/** The text of the lock that this process makes in a directory, with some of its facts changed. */
async function lockText(directory: string, changes: object): Promise<string> {
  const lock = await Lock.take(directory);
  const holder = JSON.parse(readFileSync(join(directory, "lock"), "utf8")) as object;
  await lock.release();
  return JSON.stringify({ ...holder, ...changes });
}

/** The number of a process that lives, and the time of its start. */
function parent(): object {
  const stat = readFileSync(`/proc/${process.ppid}/stat`, "utf8");
  return { pid: process.ppid, started: stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19] };
}

// No process has a number above 2^22 on Linux.
const DEAD = { pid: 2 ** 30 };

describe("the lock of", () => {
  test("a process that was killed is taken over", async () => {
    const directory = newDirectory();
    expect(spawnSync(process.execPath, [program, directory, "die"]).signal).toBe("SIGKILL");
    expect(readdirSync(directory)).toContain("lock");
    expect(await keysOf(fileStore(directory))).toEqual(["a"]);
    expect(readdirSync(directory).sort()).toEqual(["0000000001.log", "manifest"]);
  });

  test("a process in the directory with a long name is taken over", async () => {
    const directory = join(newDirectory(), "n".repeat(120));
    expect(spawnSync(process.execPath, [program, directory, "die"]).signal).toBe("SIGKILL");
    expect(await keysOf(fileStore(directory))).toEqual(["a"]);
  });

  test("a worker thread that has ended is taken over", async () => {
    const directory = newDirectory();
    const worker = new Worker(program, { workerData: ["", "", directory, "stay"] });
    await once(worker, "message");
    await expect(fileStore(directory).open(OWNER)).rejects.toMatchObject(locked(process.pid));
    await worker.terminate();
    expect(await keysOf(fileStore(directory))).toEqual(["a"]);
  });

  test("a program does not keep it from its end", () => {
    const { status, signal } = spawnSync(process.execPath, [program, newDirectory(), "end"]);
    expect([status, signal]).toEqual([0, null]);
  });

  test.runIf(isLinux && isRoot)(
    "a process in another container is kept while it lives, and taken over then",
    async () => {
      const directory = newDirectory();
      const child = await startInContainer(directory);
      await expect(fileStore(directory).open(OWNER)).rejects.toMatchObject(locked("by process 1 "));
      await kill(child);
      const next = await startInContainer(directory);
      await expect(fileStore(directory).open(OWNER)).rejects.toMatchObject(locked("by process 1 "));
      await kill(next);
      expect(await keysOf(fileStore(directory))).toEqual(["a"]);
    },
  );

  test.runIf(isLinux).each([
    ["an earlier process with a number that is in use again", { started: "1" }, true],
    ["an earlier run of this machine", { boot: "another" }, true],
    ["a process in another container that has ended in order", { room: "pid:[1]" }, true],
    [
      "a process in another container without a sign of life",
      { room: "pid:[1]", hasSign: false },
      false,
    ],
    ["this process", { hasSign: false }, false],
    ["another process whose sign was removed", isLinux ? parent() : {}, false],
    ["a process on another machine", { host: "another.example", boot: "another" }, false],
  ])("%s is taken over: %o, %s", async (_name, changes, isTaken) => {
    const directory = newDirectory();
    writeFileSync(join(directory, "lock"), await lockText(directory, changes));
    const opening = fileStore(directory);
    if (isTaken) {
      await opening.open(OWNER);
      await opening.close();
      expect(readdirSync(directory)).toEqual(["manifest"]);
    } else {
      await expect(opening.open(OWNER)).rejects.toMatchObject(locked("by process"));
    }
  });

  test("no process is refused by name", async () => {
    const directory = newDirectory();
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, "lock"), "");
    const file = join(directory, "lock");
    await expect(fileStore(directory).open(OWNER)).rejects.toMatchObject(locked(file));
  });

  test("another user that cannot be read is no lock of a process that was faster", async () => {
    const directory = newDirectory();
    const file = join(directory, "lock");
    writeFileSync(file, "{}");
    chmodSync(file, 0);
    chmodSync(directory, 0o777);
    if (isRoot) process.seteuid?.(65_534);
    try {
      await expect(fileStore(directory).open(OWNER)).rejects.toMatchObject({
        code: "STORE_FAILED",
        message: expect.stringContaining("EACCES") as string,
      });
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });
});

describe("the lock of a dead process", () => {
  test("has one heir, however many want it", async () => {
    for (let round = 0; round < 60; round++) {
      const directory = newDirectory();
      writeFileSync(join(directory, "lock"), await lockText(directory, DEAD));
      const takes = await Promise.allSettled(Array.from({ length: 8 }, () => Lock.take(directory)));
      const heirs = takes.flatMap((take) => (take.status === "fulfilled" ? [take.value] : []));
      expect(heirs).toHaveLength(1);
      for (const take of takes) {
        if (take.status === "rejected") expect(take.reason).toMatchObject({ code: "STORE_LOCKED" });
      }
      await heirs[0]?.release();
      expect(readdirSync(directory)).toEqual([]);
    }
  });

  test("whose heirs died too is taken over, and nothing of them is left", async () => {
    const directory = newDirectory();
    const texts = [];
    for (let count = 0; count < 3; count++) texts.push(await lockText(directory, DEAD));
    const tokens = texts.map((text) => (JSON.parse(text) as { token: string }).token);
    writeFileSync(join(directory, "lock"), texts[0] ?? "");
    writeFileSync(join(directory, `lock.${tokens[0]}.next`), texts[1] ?? "");
    writeFileSync(join(directory, `lock.${tokens[1]}.next`), texts[2] ?? "");
    writeFileSync(join(directory, `lock.${tokens[2]}`), texts[2] ?? "");
    const lock = await Lock.take(directory);
    expect(readFileSync(join(directory, "lock"), "utf8")).toContain(`"pid":${process.pid},`);
    await lock.release();
    expect(readdirSync(directory)).toEqual([]);
  });

  test("whose heir lives is locked", async () => {
    const directory = newDirectory();
    const dead = await lockText(directory, DEAD);
    const { token } = JSON.parse(dead) as { token: string };
    const heir = await Lock.take(directory);
    writeFileSync(join(directory, `lock.${token}.next`), readFileSync(join(directory, "lock")));
    writeFileSync(join(directory, "lock"), dead);
    await expect(Lock.take(directory)).rejects.toMatchObject(locked(`process ${process.pid}`));
    await heir.release();
  });
});
