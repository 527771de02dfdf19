import { dirname, relative } from "node:path";
import { DIST, KB } from "./bundle.js";

/** Lists the parts of a client for browsers, by the folders of src/. */
export function parts(output, client) {
  const table = output.table({
    id: "parts",
    title: "The parts of a client for browsers, by folder",
    note: "architecture.md says what each folder holds; an indented row is a part of the row above, and the others add up to the whole",
    columns: [
      { key: "folder", label: "folder", width: 34 },
      { key: "minified", label: "KB minified", digits: 1 },
      { key: "share", label: "share", width: 6 },
    ],
  });
  const row = (folder, size) =>
    table.row({
      folder,
      minified: size / KB,
      share: `${((size / client.minified) * 100).toFixed(1)} %`,
    });
  const folders = foldersOf(client.inputs);
  const bySize = ([, a], [, b]) => b - a;
  const top = [...folders].filter(([folder]) => !folder.includes("/")).sort(bySize);
  let rest = client.minified;
  for (const [folder, size] of top) {
    rest -= size;
    row(folder, size);
    const inner = [...folders].filter(([path]) => path.startsWith(`${folder}/`)).sort(bySize);
    for (const [path, of] of inner) row(`  ${path}`, of);
  }
  row("code of the bundler, and the entry", rest);
  row("the whole", client.minified);
}

/** The bytes in each folder, its inner folders included. */
function foldersOf(inputs) {
  const sizes = new Map();
  for (const [file, size] of inputs) {
    for (let at = dirname(relative(DIST, file)); at !== "."; at = dirname(at)) {
      sizes.set(at, (sizes.get(at) ?? 0) + size);
    }
  }
  return sizes;
}
