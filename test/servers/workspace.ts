import { type ChildProcess, spawn } from "node:child_process";
import {
  closeSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createConnection, Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { claimPorts, type Ports } from "./ports.ts";
import { programPath } from "./programs.ts";

/** The time between two looks at a condition, in milliseconds. */
const POLL_MS = 15;
/** How long a server may take to become ready; ejabberd on a busy machine is the slowest. */
const READY_MS = 60_000;

/**
 * A temporary folder, ports and processes of one server. `close` ends the processes by pid and removes the folder. If the
 * test run dies before that, a guard process does the same.
 */
export class Workspace {
  readonly folder: string;
  readonly ports: Ports;
  readonly #guard: ChildProcess;
  readonly #processes = new Set<RunningProcess>();

  /** Opens a workspace with `ports` free loopback ports. */
  static async open(name: string, ports: number): Promise<Workspace> {
    return new Workspace(name, await claimPorts(ports));
  }

  private constructor(name: string, ports: Ports) {
    this.ports = ports;
    this.folder = mkdtempSync(join(tmpdir(), `xmpp-broker-${name}-`));
    const guard = fileURLToPath(new URL("./guard.mjs", import.meta.url));
    // It is detached, so that Ctrl-C reaches it only through its pipe, after the test run.
    this.#guard = spawn(process.execPath, [guard, this.folder], {
      detached: true,
      stdio: ["pipe", "ignore", "ignore"],
    });
    this.#guard.unref();
    if (this.#guard.stdin instanceof Socket) this.#guard.stdin.unref();
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  /** Writes a file, with the folders above it, and returns its full path. */
  write(name: string, text: string): string {
    const path = this.path(name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, text, { mode: 0o600 });
    return path;
  }

  /** Removes a file, so that a server that starts again writes a new one. */
  forget(name: string): void {
    rmSync(this.path(name), { force: true });
  }

  /** The text of a file; empty while there is none. */
  read(name: string): string {
    try {
      return readFileSync(this.path(name), "utf8");
    } catch {
      return "";
    }
  }

  /** Starts a program in the folder. Its output goes to `NAME.out` there. */
  start(name: string, command: string, args: readonly string[], env = {}): RunningProcess {
    const output = openSync(this.path(`${name}.out`), "a");
    const child = spawn(programPath(command) ?? command, args, {
      cwd: this.folder,
      detached: true,
      stdio: ["ignore", output, output],
      env: { ...process.env, ...env },
    });
    closeSync(output);
    const running = new RunningProcess(name, child);
    this.#processes.add(running);
    this.#guard.stdin?.write(`+${child.pid ?? 0}\n`);
    void running.exited.then(() => this.#guard.stdin?.write(`-${child.pid ?? 0}\n`));
    return running;
  }

  /**
   * Waits until `probe` is true. Rejects when a process ends or a minute has passed, with the last lines of the named log
   * files.
   */
  async until(
    what: string,
    probe: () => boolean | Promise<boolean>,
    ...logs: string[]
  ): Promise<void> {
    const deadline = Date.now() + READY_MS;
    while (!(await probe())) {
      const ended = [...this.#processes].find((running) => running.hasEnded());
      if (ended !== undefined || Date.now() > deadline) {
        const why =
          ended === undefined ? `${what}: not within a minute` : `${ended.name} has ended`;
        throw new Error([why, ...logs.map((log) => `${log}:\n${tail(this.read(log))}`)].join("\n"));
      }
      await pause(POLL_MS);
    }
  }

  /** Asks all processes to end (SIGTERM), and after `grace` ms makes them (SIGKILL). */
  async stop(grace: number): Promise<void> {
    await Promise.all([...this.#processes].map((running) => running.stop(grace)));
    this.#processes.clear();
  }

  /** Ends all processes at once, as a crash would. */
  async kill(): Promise<void> {
    await this.stop(0);
  }

  /** Ends all processes, releases the ports and removes the folder. It may be called twice. */
  async close(): Promise<void> {
    await this.kill();
    this.ports.release();
    this.#guard.ref();
    this.#guard.stdin?.end();
    if (this.#guard.exitCode === null) {
      await new Promise((resolve) => this.#guard.once("exit", resolve));
    }
  }
}

/** A program started in a workspace. */
export class RunningProcess {
  readonly name: string;
  readonly exited: Promise<void>;
  readonly #child: ChildProcess;
  #ended = false;

  constructor(name: string, child: ChildProcess) {
    this.name = name;
    this.#child = child;
    this.exited = new Promise((resolve) => {
      const end = (): void => {
        this.#ended = true;
        resolve();
      };
      child.once("exit", end);
      child.once("error", end); // it could not be started
    });
  }

  hasEnded(): boolean {
    return this.#ended;
  }

  async stop(grace: number): Promise<void> {
    if (this.hasEnded()) return;
    if (grace > 0) {
      this.#child.kill("SIGTERM");
      const timer = new AbortController();
      await Promise.race([
        this.exited,
        pause(grace, undefined, { signal: timer.signal }).catch(() => undefined),
      ]);
      timer.abort();
    }
    if (!this.hasEnded()) this.#child.kill("SIGKILL");
    await this.exited;
  }
}

/** True if something accepts connections on a loopback port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({ host: "127.0.0.1", port });
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => {
      resolve(false);
    });
  });
}

const tail = (text: string): string => text.trimEnd().split("\n").slice(-15).join("\n");
