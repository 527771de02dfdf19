import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
} from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const MANIFESTS = ["package.json", "package-lock.json"];

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

/** The folder of this user for files that can be made again. */
const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "xmpp-broker");

/** The folder of the installed runtimes. Other versions have another folder. */
const folder = join(cache, `runtimes-${digestOf(here("package-lock.json"))}`);

/** The path of a file of an installed package, such as `bun/package.json`. */
export const installedPath = (path: string): string => join(folder, "node_modules", path);

/**
 * Installs the runtimes that the lock file names, unless they are there. It checks their digests. The folder appears
 * only when it is complete, so a run that is cut off harms no later one.
 */
export function install(): void {
  if (existsSync(folder)) return;
  mkdirSync(cache, { recursive: true });
  const draft = mkdtempSync(`${folder}-`);
  for (const name of MANIFESTS) copyFileSync(here(name), join(draft, name));
  // No package may run a script here: each platform's package has the program itself.
  const words = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
  execFileSync("npm", words, { cwd: draft, stdio: ["ignore", "ignore", "inherit"] });
  renameSync(draft, folder);
}

function digestOf(path: string): string {
  return createHash("sha256").update(readFileSync(path)).digest("hex").slice(0, 12);
}
