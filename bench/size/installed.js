import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { BENCH } from "./bundle.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** The packages that are installed together; strophe.js needs three more on Node, as its README says. */
const PEERS = [
  ["@xmpp/client"],
  ["@xmpp/component"],
  ["stanza"],
  ["strophe.js"],
  ["strophe.js", "ws", "saxes", "@xmldom/xmldom"],
];

/** Measures the files of each package on the disk. */
export function installed(output, goals) {
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
