import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { locate } from "../docs/document.ts";

/** A folder of a user's program. It has the built package installed, and the types of Node. */
export interface Program {
  readonly folder: string;
  /** Where the package is installed. */
  readonly installed: string;
  remove(): void;
}

/** Builds the package into a new program. */
export function makeProgram(): Program {
  const folder = mkdtempSync(join(tmpdir(), "xmpp-broker-program-"));
  const installed = join(folder, "node_modules/xmpp-broker");
  mkdirSync(installed, { recursive: true });
  cpSync(locate("package.json"), join(installed, "package.json"));
  const tsc = fileURLToPath(locate("node_modules/typescript/bin/tsc"));
  const project = fileURLToPath(locate("tsconfig.build.json"));
  execFileSync(process.execPath, [tsc, "-p", project, "--outDir", join(installed, "dist")]);
  const types = join(folder, "node_modules/@types/node");
  mkdirSync(dirname(types));
  symlinkSync(fileURLToPath(locate("node_modules/@types/node")), types);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ type: "module" }));
  return {
    folder,
    installed,
    remove() {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
