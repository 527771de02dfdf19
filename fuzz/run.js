#!/usr/bin/env node
/**
 * Coverage-guided fuzzing of what reads foreign input: `npm run fuzz [-- TARGET…] [--executions N] [--seed N]`.
 * Inputs that reach something new are kept and changed further. Ends with status 1 at the first finding,
 * after printing the input; the same seed finds it again.
 */
import { parseArgs } from "node:util";
import { instrument } from "./instrument.js";
import { mutate, Random } from "./mutate.js";
import { targets } from "./targets.js";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    executions: { type: "string", default: "200000" },
    seed: { type: "string", default: "1" },
    input: { type: "string" },
  },
});

const { coverage, load } = instrument();
const all = await targets(load);
const names = positionals.length > 0 ? positionals : Object.keys(all);
for (const name of names) {
  if (!(name in all)) throw new Error(`no such target: ${name}; there are ${Object.keys(all)}`);
}

/** How often something was reached, in steps: what comes eight times is another thing than once. */
function step(count) {
  if (count < 4) return count;
  return count < 8 ? 4 : count < 16 ? 5 : count < 64 ? 6 : 7;
}

/** True if the last execution reached anything that none before it did, or oftener than any. */
function isNew(reached) {
  let fresh = false;
  for (let i = 0; i < coverage.length; i++) {
    if (coverage[i] === 0) continue;
    const bit = 1 << step(coverage[i]);
    if ((reached[i] & bit) === 0) {
      reached[i] |= bit;
      fresh = true;
    }
  }
  return fresh;
}

function execute(name, input) {
  coverage.fill(0);
  try {
    all[name].run(input);
  } catch (error) {
    process.stdout.write(
      `${name}: FOUND\n${error.stack}\n` +
        `again: node fuzz/run.js ${name} --input ${Buffer.from(input).toString("base64")}\n`,
    );
    process.exit(1);
  }
}

if (values.input !== undefined) {
  execute(names[0], new Uint8Array(Buffer.from(values.input, "base64")));
  process.stdout.write("nothing found\n");
  process.exit();
}

const executions = Number(values.executions);
for (const name of names) {
  const target = all[name];
  const random = new Random(Number(values.seed));
  const reached = new Uint16Array(coverage.length);
  const corpus = [];
  for (const seed of target.seeds) {
    execute(name, seed);
    isNew(reached);
    corpus.push(seed);
  }
  const from = performance.now();
  for (let n = 0; n < executions; n++) {
    // Half of the time one of the newest: they are where something is happening.
    const recent = random.int(2) === 0 && corpus.length > 16;
    const base = corpus[recent ? corpus.length - 1 - random.int(16) : random.int(corpus.length)];
    const input = mutate(random, base, random.pick(corpus), target.words, target.longest);
    execute(name, input);
    if (isNew(reached)) corpus.push(input);
  }
  const seconds = (performance.now() - from) / 1000;
  const covered = reached.filter((steps) => steps !== 0).length;
  process.stdout.write(
    `${name}: ${executions} executions in ${seconds.toFixed(0)} s, ${corpus.length} inputs kept, ` +
      `${covered} branches reached, nothing found (seed ${values.seed})\n`,
  );
}
