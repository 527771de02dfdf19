import { spawn } from "node:child_process";
import { delimiter, dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { locate } from "../docs/document.ts";
import type { Runtime } from "./runtimes.ts";

/** The outcome of a program: how it ended, and all that it printed. */
export interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

/** Runs a script of JavaScript on a runtime, from the root of this repository or from another folder. */
export function run(
  { path, words }: Runtime,
  args: readonly string[],
  { cwd = fileURLToPath(locate(".")), env = {} }: { cwd?: string; env?: NodeJS.ProcessEnv } = {},
): Promise<Outcome> {
  // This run's own variables would confuse a run within it.
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith("VITEST"));
  // Scripts that ask for `node` are to find this one.
  const PATH = `${dirname(path)}${delimiter}${process.env.PATH ?? ""}`;
  const child = spawn(path, [...words, ...args], {
    cwd,
    env: { ...Object.fromEntries(own), PATH, NO_COLOR: "1", ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
    });
  }
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve({ code, output });
    });
  });
}
