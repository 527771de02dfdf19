import { join } from "node:path";
import { bundle, DIST, isWithin, KB, ours } from "./bundle.js";
import { FEATURES, NODE_FEATURES } from "./features.js";

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
    columns: [
      { key: "name", label: "feature", width: 48 },
      { key: "minified", label: "KB minified", digits: 1 },
      { key: "gzip", label: "KB gzip", digits: 1 },
    ],
  });
  const row = (name, { minified, gzip }) =>
    table.row({ name, minified: minified / KB, gzip: gzip / KB });
  const whole = await bundle(source, { platform });
  const places = list.map(([name, ...modules]) => [name, modules.map((each) => join(DIST, each))]);
  check(places, [...whole.inputs.keys()]);
  for (const [name, without] of places) {
    const cost = less(whole, await bundle(source, { platform, without }));
    if (cost.gzip <= 0) throw new Error(`${name} costs nothing: others need its modules too`);
    row(name, cost);
  }
  const without = places.flatMap(([, modules]) => modules);
  const foundation = await bundle(source, { platform, without });
  row("all these features together", less(whole, foundation));
  row("the shared foundation: all else", foundation);
  row("the whole entry", whole);
  const silent = await bundle(source, { platform, sentences: false });
  row("  of it, the sentences of errors and other texts", less(whole, silent));
}

const less = (one, other) => ({
  minified: one.minified - other.minified,
  gzip: one.gzip - other.gzip,
});

const isPart = (name) => name.startsWith(" ");

/** Throws for a module that the entry has not, and for one in two features that are not indented. */
function check(places, files) {
  const owners = new Map();
  for (const [name, modules] of places) {
    for (const place of modules) {
      const found = files.filter((file) => isWithin(file, place));
      if (found.length === 0) throw new Error(`${name}: ${place} is not in the entry`);
      for (const file of isPart(name) ? [] : found) {
        if (owners.has(file)) throw new Error(`${file} is in ${owners.get(file)} and in ${name}`);
        owners.set(file, name);
      }
    }
  }
}
