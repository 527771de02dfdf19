import { readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { distFolder } from "../harness/ours.js";
import { withoutSentences } from "./sentences.js";

export const BENCH = fileURLToPath(new URL("..", import.meta.url));
export const DIST = fileURLToPath(distFolder);

/** The unit of sizes that travel over a network, as `size-limit` counts. */
export const KB = 1000;

/** The columns of the sizes of a bundle. */
export const SIZES = [
  { key: "minified", label: "KB minified", digits: 1 },
  { key: "gzip", label: "KB gzip", digits: 1 },
];

/** The cells of `SIZES`. @param {Pick<Bundle, "minified" | "gzip">} size */
export const cells = ({ minified, gzip }) => ({ minified: minified / KB, gzip: gzip / KB });

/** The size that one bundle has more than another. */
export const less = (one, other) => ({
  minified: one.minified - other.minified,
  gzip: one.gzip - other.gzip,
});

/** Modules of Node that browsers lack, but that packages of the same name bring. */
const BROUGHT = ["events", "punycode"];

/** The code of an import. @param {string} names such as `*` @param {string} entry a file of `dist/` */
export const ours = (names, entry = "index.js") => exported(names, join(DIST, entry));

/** The code of an import. @param {string} from a package or a file */
export const exported = (names, from) => `export ${names} from ${JSON.stringify(from)};`;

/**
 * Bundles and compresses code, as a web site would. `without`: files that are empty in it.
 *
 * @param {string} contents
 * @param {{ without?: readonly string[], sentences?: boolean, platform?: "browser" | "node" }} options
 * @returns {Promise<Bundle>}
 * @typedef {{ minified: number, gzip: number, inputs: Map<string, number> }} Bundle `inputs`: bytes by file
 */
export async function bundle(
  contents,
  { without = [], sentences = true, platform = "browser" } = {},
) {
  const { build } = await import("esbuild");
  const change = {
    name: "change",
    setup(plugins) {
      plugins.onLoad({ filter: /\.js$/ }, async ({ path }) => {
        if (without.includes(path)) return { contents: await empty(path) };
        if (sentences || !path.startsWith(DIST)) return undefined;
        return { contents: await withoutSentences(await readFile(path, "utf8")) };
      });
    },
  };
  const { outputFiles, metafile } = await build({
    absWorkingDir: BENCH,
    metafile: true,
    stdin: { contents, resolveDir: BENCH, loader: "js" },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform,
    target: "es2022",
    external: ["node:*", "ws", ...builtinModules.filter((name) => !BROUGHT.includes(name))],
    plugins: without.length > 0 || !sentences ? [change] : [],
    logLevel: "silent",
  });
  const [{ contents: bytes }] = outputFiles;
  const [output] = Object.values(metafile.outputs);
  const inputs = new Map();
  for (const [path, { bytesInOutput }] of Object.entries(output.inputs)) {
    if (bytesInOutput > 0) inputs.set(join(BENCH, path), bytesInOutput);
  }
  return { minified: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, inputs };
}

/** A module with the same names and no code. The minifier puts the constants into their places. */
async function empty(path) {
  const names = Object.keys(await import(pathToFileURL(path).href));
  return names.map((name) => `export const ${name} = undefined;`).join("\n");
}
