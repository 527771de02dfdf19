#!/usr/bin/env node
/**
 * Compares the memory of idle brokers of two built states of the code, in turns:
 * `node bench/idle/compare.js DIST DIST [ROUNDS]`. It prints KB for each broker, of 1,000 in one process.
 */
import { resolve } from "node:path";
import { Contender } from "../harness/contender.js";
import { withContenders } from "../harness/paired.js";
import { median } from "../harness/stats.js";

const [before, after, rounds = "3"] = process.argv.slice(2);
if (before === undefined || after === undefined) {
  throw new Error("usage: node bench/idle/compare.js DIST DIST [ROUNDS]");
}

/** The young generation is small, so that it does not count as memory of the brokers. */
const FLAGS = ["--expose-gc", "--max-semi-space-size=1"];

const sender = new Contender("sender", new URL("../pump/sender.js", import.meta.url));
await withContenders([sender], async () => {
  const port = await sender.call("listen", {});
  const weights = { [before]: [], [after]: [] };
  for (let round = 0; round < Number(rounds); round++) {
    for (const [dist, passes] of Object.entries(weights)) {
      const url = new URL("./contenders/xmpp-broker.js", import.meta.url);
      const env = { ...process.env, BENCH_DIST: resolve(dist) };
      const contender = new Contender(dist, url, FLAGS, env);
      await withContenders([contender], async () => {
        passes.push(await contender.call("pass", { port, connections: 1000 }));
      });
    }
  }
  for (const [dist, passes] of Object.entries(weights)) {
    const of = (key) => (median(passes.map((pass) => pass[key])) / 1024).toFixed(1);
    process.stdout.write(`${of("heap")} KB of heap, ${of("rss")} KB resident: ${dist}\n`);
  }
});
