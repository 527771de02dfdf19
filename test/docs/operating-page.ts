import { code, table } from "./print.ts";
import type { Source } from "./source.ts";

/** Prints each counter of `broker.stats` for `docs/operating.md`. */
export function printStats(source: Source): string {
  const rows = source
    .exported("src/contract/stats.ts", "Stats")
    .members()
    .filter(({ name }) => /^[a-z]/.test(name) && name !== "failed")
    .map(({ name, doc }) => [code(name), doc]);
  return table(["counter", ""], rows);
}
