import { relative } from "node:path";
import { bundle, cells, DIST, less, ours, SIZES } from "./bundle.js";
import { FEATURES, isAt, NODE_FEATURES } from "./features.js";

/** Measures the cost of each feature, on the neutral entry and on Node's. */
export async function costs(output) {
  await features(output, {
    id: "features",
    title:
      "The cost of each feature: the entry with it, less the entry in which its modules are empty",
    list: FEATURES,
    source: ours("*"),
    platform: "browser",
  });
  await features(output, {
    id: "node-features",
    title: "The cost of the features that only Node's entry has",
    list: NODE_FEATURES,
    source: ours("*", "node.js"),
    platform: "node",
  });
}

async function features(output, { id, title, list, source, platform }) {
  const table = output.table({
    id,
    title,
    note: "an indented row is a part of the row above; modules that several features need count in the row of all together alone",
    columns: [{ key: "name", label: "feature", width: 48 }, ...SIZES],
  });
  const row = (name, size) => table.row({ name, ...cells(size) });
  const whole = await bundle(source, { platform });
  const rows = filesOf(list, [...whole.inputs.keys()]);
  for (const [name, without] of rows) {
    const cost = less(whole, await bundle(source, { platform, without }));
    if (cost.gzip <= 0) throw new Error(`${name} costs nothing: others need its modules too`);
    row(name, cost);
  }
  const without = rows.flatMap(([, files]) => files);
  const foundation = await bundle(source, { platform, without });
  row("all these features together", less(whole, foundation));
  row("the shared foundation: all else", foundation);
  row("the whole entry", whole);
  const silent = await bundle(source, { platform, sentences: false });
  row("  of it, the sentences of errors and other texts", less(whole, silent));
}

const isPart = (name) => name.startsWith(" ");

/** The files of each feature. Throws for a place without one, and for a file in two features that are not indented. */
function filesOf(list, files) {
  const owners = new Map();
  return list.map(([name, ...places]) => {
    const own = places.flatMap((place) => {
      const found = files.filter((file) => isAt(relative(DIST, file).replace(/\.js$/, ""), place));
      if (found.length === 0) throw new Error(`${name}: ${place} is not in the entry`);
      return found;
    });
    for (const file of isPart(name) ? [] : own) {
      if (owners.has(file)) throw new Error(`${file} is in ${owners.get(file)} and in ${name}`);
      owners.set(file, name);
    }
    return [name, own];
  });
}
