import type { ChildProcess } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { locate } from "../docs/document.ts";

/** Puts an example into a new folder, beside a bundle of the package that it imports. */
export async function install(program: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "xmpp-broker-example-"));
  const outdir = join(folder, "node_modules/xmpp-broker");
  mkdirSync(outdir, { recursive: true });
  await build({
    entryPoints: ["node", "xml"].map((name) => fileURLToPath(locate(`src/${name}.ts`))),
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    outdir,
  });
  const exports = { ".": "./node.js", "./xml": "./xml.js" };
  writeFileSync(join(outdir, "package.json"), JSON.stringify({ type: "module", exports }));
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  copyFileSync(locate(`examples/${program}`), join(folder, program));
  return folder;
}

/** The lines that programs and their successors print. */
export class Printed {
  #text = "";

  constructor(...children: readonly ChildProcess[]) {
    for (const child of children) this.add(child);
  }

  /** Listens to one more. */
  add(child: ChildProcess): void {
    child.stdout?.on("data", (chunk: Buffer) => {
      this.#text += chunk.toString();
    });
  }

  /** The ids of the processes that printed a line with these words, in order. */
  by(words: string): number[] {
    const lines = this.#text.split("\n").filter((line) => line.includes(words));
    return lines.map((line) => Number.parseInt(line, 10));
  }
}
