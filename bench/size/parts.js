import { dirname, relative } from "node:path";
import { DIST, KB } from "./bundle.js";

/** Lists the parts of a client for browsers, by the folders of src/. */
export function parts(output, client) {
  const table = output.table({
    id: "parts",
    title: "The parts of a client for browsers, by folder",
    note: "the page about the architecture says what each folder holds; an indented row is a part of the folder above, and the others add up to the whole",
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
  /** Lists the folders inside one, the largest first, each with those inside it. */
  const list = (parent, indent) => {
    const inner = [...folders].filter(([folder]) => dirname(folder) === parent);
    let sum = 0;
    for (const [folder, size] of inner.sort(([, a], [, b]) => b - a)) {
      row(indent + folder, size);
      list(folder, `${indent}  `);
      sum += size;
    }
    return sum;
  };
  const rest = client.minified - list(".", "");
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
