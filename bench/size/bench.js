import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, relative, resolve as resolvePath } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { distFolder } from "../harness/ours.js";
import { FEATURES } from "./features.js";

const BENCH = fileURLToPath(new URL("..", import.meta.url));
const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const DIST = fileURLToPath(distFolder);

/** The unit of sizes that travel over a network, as `size-limit` counts. */
const KB = 1000;

/** The parts that a client for browsers imports. */
const CLIENT = "{ Broker, xml, xmpp }";

const DIALECTS = ["xmpp", "legacy", "component", "jabberd2"];

/** The packages that are installed together; strophe.js needs three more on Node, as its README says. */
const PEERS = [
  ["@xmpp/client"],
  ["@xmpp/component"],
  ["stanza"],
  ["strophe.js"],
  ["strophe.js", "ws", "saxes", "@xmldom/xmldom"],
];

/** @param {import("../run.js").Context} context */
export async function run({ output }) {
  const goals = {};
  installed(output, goals);
  await bundled(output, goals);
  return goals;
}

/** Measures the files of each package on the disk. */
function installed(output, goals) {
  const table = output.table({
    id: "installed",
    title: "Installed: packages and bytes on disk",
    columns: [
      { key: "name", label: "package", width: 46 },
      { key: "packages", label: "packages", digits: 0 },
      { key: "size", label: "KiB", digits: 0 },
    ],
  });
  const own = ourInstall();
  goals["install KiB"] = own.size / 1024;
  goals["install packages"] = own.packages;
  table.row({ name: "xmpp-broker", packages: own.packages, size: own.size / 1024 });
  for (const names of PEERS) {
    const { packages, size } = closure(names);
    table.row({ name: names.join(" + "), packages, size: size / 1024 });
  }
}

function ourInstall() {
  const listing = execFileSync("npm", ["pack", "--dry-run", "--json", "--ignore-scripts"], {
    cwd: ROOT,
    stdio: ["ignore", "pipe", "ignore"],
    maxBuffer: 2 ** 26,
  });
  const [{ unpackedSize }] = JSON.parse(listing);
  const { dependencies = {} } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
  let size = unpackedSize;
  let packages = 1;
  for (const name of Object.keys(dependencies)) {
    size += folderSize(join(ROOT, "node_modules", name));
    packages++;
  }
  return { packages, size };
}

/** Packages and all that they need, as the lock file beside this bench says. */
function closure(names) {
  const { packages } = JSON.parse(readFileSync(join(BENCH, "package-lock.json"), "utf8"));
  const seen = new Set();
  const visit = (path) => {
    if (seen.has(path)) return;
    seen.add(path);
    const { dependencies = {}, peerDependencies = {}, peerDependenciesMeta = {} } = packages[path];
    for (const each of Object.keys({ ...dependencies, ...peerDependencies })) {
      if (peerDependenciesMeta[each]?.optional && !(each in dependencies)) continue;
      const found = resolve(packages, path, each);
      if (found !== undefined) visit(found);
    }
  };
  for (const name of names) visit(`node_modules/${name}`);
  const size = [...seen].reduce((sum, path) => sum + folderSize(join(BENCH, path)), 0);
  return { packages: seen.size, size };
}

/** The folder that a package finds another in: its own node_modules first, then those above. */
function resolve(packages, from, name) {
  for (let at = from; ; at = at.slice(0, at.lastIndexOf("/node_modules/"))) {
    if (`${at}/node_modules/${name}` in packages) return `${at}/node_modules/${name}`;
    if (!at.includes("/node_modules/")) break;
  }
  return `node_modules/${name}` in packages ? `node_modules/${name}` : undefined;
}

/** Without nested packages, which are counted for themselves. */
function folderSize(folder) {
  let size = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === "node_modules") continue;
    const path = join(folder, entry.name);
    size += entry.isDirectory() ? folderSize(path) : statSync(path).size;
  }
  return size;
}

async function bundled(output, goals) {
  const table = output.table({
    id: "bundled",
    title: "Bundled for a browser: minified, gzip; 1 KB is 1,000 bytes",
    columns: [
      { key: "name", label: "what", width: 48 },
      { key: "minified", label: "KB minified", digits: 1 },
      { key: "gzip", label: "KB gzip", digits: 1 },
    ],
  });
  const row = (name, { minified, gzip }) => {
    table.row({ name, minified: minified / KB, gzip: gzip / KB });
    return gzip / KB;
  };
  const from = (names) => `export ${names} from ${JSON.stringify(join(DIST, "index.js"))};`;
  const everything = await bundle(from("*"));
  goals["everything KB"] = row("xmpp-broker, everything in the entry", everything);
  const broker = await bundle(from("{ Broker }"));
  row("xmpp-broker, Broker alone", broker);
  for (const dialect of DIALECTS) {
    const both = await bundle(from(`{ Broker, ${dialect} }`));
    row(`  and the dialect ${dialect}: more by`, {
      minified: both.minified - broker.minified,
      gzip: both.gzip - broker.gzip,
    });
  }
  const client = await bundle(from(CLIENT));
  goals["browser client KB"] = row(`a client for browsers: ${CLIENT}`, client);
  const small = `export ${CLIENT} from ${JSON.stringify(join(DIST, "small.js"))};`;
  goals["small client KB"] = row(
    "  the same from xmpp-broker/small, without the index",
    await bundle(small),
  );
  for (const part of ["xml", "xpath"]) {
    const entry = `export * from ${JSON.stringify(join(DIST, `${part}.js`))};`;
    goals[`${part} KB`] = row(`xmpp-broker/${part}`, await bundle(entry));
  }
  for (const name of ["jid", "BrokerError"]) {
    goals[`${name} KB`] = row(`xmpp-broker, ${name} alone`, await bundle(from(`{ ${name} }`)));
  }
  for (const name of ["strophe.js", "@xmpp/client", "stanza"]) {
    row(name, await bundle(`export * from ${JSON.stringify(name)};`));
  }
  await features(output, everything, (without) => bundle(from("*"), without));
  parts(output, everything.inputs);
}

/**
 * The cost of each feature: the entry with everything, less the entry without its modules. Modules
 * that several features need are in none of the rows, so the rows do not add up to the whole.
 */
async function features(output, everything, bundleWithout) {
  const table = output.table({
    id: "features",
    title: "The cost of each feature: the entry with it, less the entry without it",
    columns: [
      { key: "name", label: "feature", width: 40 },
      { key: "minified", label: "KB minified", digits: 1 },
      { key: "gzip", label: "KB gzip", digits: 1 },
    ],
  });
  const bundled = Object.entries(everything.inputs)
    .filter(([, { bytesInOutput }]) => bytesInOutput > 0)
    .map(([path]) => join(BENCH, path));
  for (const [name, ...modules] of FEATURES) {
    const paths = modules.map((module) => join(DIST, module));
    for (const path of paths) {
      const isThere = bundled.some((file) => file === path || file.startsWith(folderOf(path)));
      if (!isThere) throw new Error(`${path} is not in the entry`);
    }
    const without = await bundleWithout(paths);
    table.row({
      name,
      minified: (everything.minified - without.minified) / KB,
      gzip: (everything.gzip - without.gzip) / KB,
    });
  }
}

/** Lists the parts of the entry, by the folders of src/. */
function parts(output, inputs) {
  const sizes = new Map();
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const within = relative(DIST, join(BENCH, path));
    const folder = within.includes("/") ? within.slice(0, within.indexOf("/")) : "the entry itself";
    sizes.set(folder, (sizes.get(folder) ?? 0) + bytesInOutput);
  }
  const table = output.table({
    id: "parts",
    title: "The whole entry by folder",
    columns: [
      { key: "folder", label: "folder" },
      { key: "minified", label: "KB minified", digits: 1 },
    ],
  });
  for (const [folder, size] of [...sizes].sort(([, a], [, b]) => b - a)) {
    if (size > 0) table.row({ folder, minified: size / KB });
  }
}

/** @param {string} contents @param {readonly string[]} without files and folders to leave out */
async function bundle(contents, without = []) {
  const { build } = await import("esbuild");
  const leaveOut = {
    name: "leave-out",
    setup(plugins) {
      plugins.onResolve({ filter: /^\.\.?\// }, ({ path, resolveDir }) => {
        const file = resolvePath(resolveDir, path);
        const isLeftOut = without.some((left) => file === left || file.startsWith(folderOf(left)));
        // A short name, so that the imports that stay weigh next to nothing.
        return isLeftOut ? { path: "-", external: true } : undefined;
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
    platform: "browser",
    target: "es2022",
    external: [...builtinModules, "node:*"],
    plugins: [leaveOut],
    logLevel: "silent",
  });
  const [{ contents: bytes }] = outputFiles;
  const [{ inputs }] = Object.values(metafile.outputs);
  return { minified: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, inputs };
}

/** A folder as the beginning of the paths in it; of a file, a text that no path begins with. */
function folderOf(path) {
  return path.endsWith("/") ? path : `${path}/`;
}
