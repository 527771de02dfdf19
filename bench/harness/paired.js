import { isDeepStrictEqual } from "node:util";
import { median, summary } from "./stats.js";

/**
 * Runs the contenders in turn, round after round, one at a time. A disturbance of the
 * machine in one round disturbs all of them. So each round gives its ratio, and the median is the result.
 *
 * @param {import("./contender.js").Contender[]} contenders
 * @param {{ rounds: number, warm?: number, reference: string, progress?: (text: string) => void,
 *   argument?: unknown }} options `reference` names the contender that the ratios are of; a function
 *   as `argument` gives each contender its own. A pass that says how many `units` it did is divided
 *   by them, so that the slow may do less.
 * @returns {Promise<Record<string, Paired>>} by contender
 *
 * @typedef {{ passes: any[], wall: Stat, cpu: Stat, ratio: number, cpuRatio: number }} Paired
 *   times in ms; a ratio of 3 means three times as fast as the reference
 * @typedef {{ median: number, quiet: number, noise: number }} Stat
 */
export async function paired(contenders, { rounds, warm = 3, reference, progress, argument }) {
  const passes = new Map(contenders.map((contender) => [contender.name, []]));
  for (let round = -warm; round < rounds; round++) {
    progress?.(round < 0 ? `warming up, ${-round} to go` : `round ${round + 1} of ${rounds}`);
    const turn = (round + warm) % contenders.length;
    for (const contender of [...contenders.slice(turn), ...contenders.slice(0, turn)]) {
      const pass = await contender.call(
        "pass",
        typeof argument === "function" ? argument(contender.name) : argument,
      );
      const { units = 1 } = pass;
      pass.wall /= units;
      pass.cpu /= units;
      if (round >= 0) passes.get(contender.name).push(pass);
    }
  }
  progress?.("");
  const base = passes.get(reference);
  const rows = {};
  for (const [name, own] of passes) {
    rows[name] = {
      passes: own,
      wall: summary(own.map((pass) => pass.wall)),
      cpu: summary(own.map((pass) => pass.cpu)),
      ratio: median(own.map((pass, i) => base[i].wall / pass.wall)),
      cpuRatio: median(own.map((pass, i) => base[i].cpu / pass.cpu)),
    };
  }
  return rows;
}

/** Starts contenders, hands them to `use`, and stops them whatever happens. */
export async function withContenders(contenders, use) {
  try {
    return await use(contenders);
  } finally {
    await Promise.all(contenders.map((contender) => contender.stop()));
  }
}

/** Throws where the result of a contender differs from the first one. */
export function mustAgree(what, results) {
  const [first, ...others] = Object.entries(results);
  for (const [name, result] of others) {
    if (isDeepStrictEqual(result, first[1])) continue;
    throw new Error(
      `${what}: ${name} gives ${JSON.stringify(result)}, ${first[0]} ${JSON.stringify(first[1])}`,
    );
  }
}
