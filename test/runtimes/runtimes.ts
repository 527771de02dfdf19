import { arch, platform } from "node:os";
import { installedPath } from "./installed.ts";

/** The names of the runtimes that run the package's Node entry. */
export const RUNTIMES = ["node-20", "node-22", "node-24", "bun", "deno"] as const;
export type RuntimeName = (typeof RUNTIMES)[number];

/** A program that runs JavaScript, and the words before the name of a script. */
export interface Runtime {
  readonly path: string;
  readonly words: readonly string[];
}

/** The platform and processor, as the packages of Node and Bun spell them. */
const machine = `${platform()}-${arch()}`;

/** The processors, as the packages of Bun and workerd spell them. */
const bunMachine = machine.replace("arm64", "aarch64");
const workerdMachine = machine.replace("x64", "64");

/** Finds an installed runtime. */
export function runtime(name: RuntimeName): Runtime {
  switch (name) {
    case "bun":
      // Programs that it starts are to use Bun too, whatever their first line says.
      return { path: installedPath(`@oven/bun-${bunMachine}/bin/bun`), words: ["--bun"] };
    case "deno":
      return { path: installedPath(`@deno/${machine}-glibc/deno`), words: DENO };
    case "node-20":
    case "node-22":
    case "node-24":
      return { path: installedPath(`${name}-${machine}/bin/node`), words: [] };
  }
}

/** All permissions, and packages from the folder `node_modules` alone. */
const DENO = ["run", "--allow-all", "--node-modules-dir=manual"];

/** The path of Cloudflare's workerd. */
export const workerdPath = (): string =>
  installedPath(`@cloudflare/workerd-${workerdMachine}/bin/workerd`);
