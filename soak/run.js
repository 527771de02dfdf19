#!/usr/bin/env node
/**
 * The soak, in one command: `npm run soak [-- NAME…] [--quick] [--seed N] [--lie]`. Each part is a row of
 * PARTS. It prints what was measured beside its target, and ends with 1 if a target was missed. A full run
 * of all parts writes its tables into docs/soak.md.
 */
import { randomInt } from "node:crypto";
import { parseArgs } from "node:util";
import { writePage } from "./harness/page.js";
import { MISSING, SERVERS } from "./harness/places.js";

/**
 * The parts: `run` of the module `soak/NAME.js` is given `{ size, seed, lie, say }` and resolves with checks.
 *
 * @typedef {{ what: string, value: string, target?: string, met?: boolean }} Check without a target: a figure
 */
const PARTS = [
  {
    name: "flat",
    about: "memory of a program through which stanzas of every kind pass",
    quick: { stanzas: 250_000, warmUp: 150_000, most: 8 },
    full: { stanzas: 1_000_000, warmUp: 400_000, most: 1 },
  },
  {
    name: "floods",
    about: "stanzas of 16,000 elements to a slow program with a heap of 128 MB",
    quick: { stanzas: 100 },
    full: { stanzas: 1_000 },
  },
  {
    name: "night",
    about: "a component and a client through kill, restart, silence, giants",
    quick: { servers: ["prosody"], faults: ["server killed", "silent link", "hostile addresses"] },
    full: { servers: ["prosody", "ejabberd"] },
  },
  {
    name: "cuts",
    about: "cuts in every mode, on every server and dialect",
    quick: { cuts: 100 },
    full: { cuts: 1_000 },
  },
  {
    name: "resumption",
    about: "sessions that are cut on both sides, and go on (XEP-0198)",
    quick: { cuts: 8, inside: 8 },
    full: { cuts: 200, inside: 200 },
  },
  {
    name: "detach",
    about: "a client's process is replaced by another one, and its session goes on",
    quick: { times: 2 },
    full: { times: 100 },
  },
  {
    name: "amputation",
    about: "senders at every place that are cut once and never come back",
    quick: { runs: 2 },
    full: { runs: 20 },
  },
  {
    name: "kills",
    about: "each server is killed in full traffic and started again",
    quick: { kills: 1 },
    full: { kills: 10 },
  },
  {
    name: "hand-over",
    about: "a component is replaced by its successor in full traffic",
    quick: { times: 3 },
    full: { times: 20 },
  },
  {
    name: "durable",
    about: "senders with a store are killed, and so are its files, its disk and the server",
    quick: {
      kills: 2,
      serverKills: 2,
      damages: 20,
      fills: 3,
      stanzas: 5_000,
      milliseconds: 50,
      entries: 50_000,
    },
    full: {
      kills: 25,
      serverKills: 10,
      damages: 200,
      fills: 50,
      stanzas: 20_000,
      milliseconds: 250,
      entries: 1_000_000,
    },
  },
  {
    name: "fleet",
    about: "120 brokers of one process, whose server is gone for three seconds",
    quick: { brokers: 40, loops: false },
    full: { brokers: 120, loops: true },
  },
];

const names = PARTS.map(({ name }) => name);

const USAGE = `usage: npm run soak [-- NAME…] [--quick] [--seed N] [--lie]
  NAME    ${names.join(", ")}; all if none is given
  --quick small sizes, about two minutes; nothing is written
  --seed  a whole number; the same one gives the same random choices
  --lie   the senders call a stanza acked when it is written: the run must fail
`;

const say = (text) => process.stdout.write(`${text}\n`);

/** One line of 80 columns. */
const line = (mark, what, value, target) =>
  `  ${mark.padEnd(4)} ${what.padEnd(40)} ${value.padStart(18)}  ${target}`;

async function measure({ name, about, ...sizes }, { quick, seed, lie }) {
  const started = Date.now();
  say(`\n${name}: ${about}`);
  const size = quick ? sizes.quick : sizes.full;
  let checks;
  try {
    const { run } = await import(`./${name}.js`);
    checks = await run({ size, seed, lie, say: (text) => say(`  ${text}`) });
    if (!checks.some(({ target }) => target !== undefined))
      throw new Error("there was nothing to check");
  } catch (error) {
    say(`  ${error instanceof Error ? error.stack : error}`);
    checks = [{ what: "it ran to its end", value: "no", target: "yes", met: false }];
  }
  for (const { what, value, target, met } of checks) {
    const mark = target === undefined ? "" : met ? "ok" : "MISS";
    say(line(mark, what, value, target ?? ""));
  }
  return { name, about, size, checks, seconds: Math.round((Date.now() - started) / 1000) };
}

async function main() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      lie: { type: "boolean", default: false },
      seed: { type: "string" },
      help: { type: "boolean", default: false },
    },
  });
  const seed = values.seed === undefined ? randomInt(2 ** 31) : Number(values.seed);
  const isWrong = !Number.isSafeInteger(seed) || positionals.some((name) => !names.includes(name));
  if (values.help || isWrong) {
    process.stdout.write(USAGE);
    process.exitCode = isWrong ? 2 : 0;
    return;
  }
  say(`soak${values.quick ? ", quick" : ""}: seed ${seed}, ${SERVERS.join(", ")}`);
  for (const why of MISSING) say(`left out: ${why}`);
  const results = [];
  for (const part of PARTS) {
    if (positionals.length > 0 && !positionals.includes(part.name)) continue;
    results.push(await measure(part, { ...values, seed }));
  }
  if (!values.quick && !values.lie && positionals.length === 0) writePage(results, seed);
  const checks = results
    .flatMap((result) => result.checks)
    .filter(({ target }) => target !== undefined);
  const missed = checks.filter(({ met }) => !met).length;
  say(`\n${results.map(({ name, seconds }) => `${name} ${seconds} s`).join(", ")}; seed ${seed}`);
  say(`${checks.length - missed} targets met, ${missed} missed`);
  // (A part that did not come to its end leaves brokers behind that would go on.)
  process.exit(missed > 0 ? 1 : 0);
}

await main();
