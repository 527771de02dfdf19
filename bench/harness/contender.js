import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";

const HOST = fileURLToPath(new URL("./host.js", import.meta.url));

/** A library in a long-lived process of its own. */
export class Contender {
  /** @type {Map<number, { resolve: (value: any) => void, reject: (error: Error) => void }>} */
  #waiting = new Map();
  #calls = 0;
  #child;
  #ready;

  /**
   * @param {string} name as the tables show it
   * @param {URL} module exports `prepare(task)`, `check()`, `pass()`, all optional but the last
   * @param {string[]} execArgv
   * @param {NodeJS.ProcessEnv} env
   */
  constructor(name, module, execArgv = [], env = process.env) {
    this.name = name;
    this.#child = fork(HOST, [module.href], {
      execArgv,
      env,
      serialization: "advanced",
      stdio: ["ignore", "ignore", "inherit", "ipc"],
    });
    this.#ready = new Promise((resolve, reject) => this.#waiting.set(0, { resolve, reject }));
    this.#ready.catch(() => {}); // Each call rejects with it.
    this.#child.on("message", ({ id, result, error }) => {
      const wait = this.#waiting.get(id);
      this.#waiting.delete(id);
      if (error === undefined) wait?.resolve(result);
      else wait?.reject(new Error(`${name}: ${error}`));
    });
    this.#child.on("exit", (code, signal) => {
      const error = new Error(`${name} ended (${signal ?? code})`);
      for (const wait of this.#waiting.values()) wait.reject(error);
      this.#waiting.clear();
    });
  }

  get pid() {
    return this.#child.pid;
  }

  /** Resolves when the library is loaded. */
  async ready() {
    await this.#ready;
  }

  async call(name, argument) {
    await this.#ready;
    if (!this.#child.connected) throw new Error(`${this.name} has ended`);
    const id = ++this.#calls;
    const answer = new Promise((resolve, reject) => this.#waiting.set(id, { resolve, reject }));
    this.#child.send({ id, call: name, argument });
    return answer;
  }

  async stop() {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.#child.once("exit", resolve));
    this.#child.disconnect();
    await gone;
  }
}
