import type { Runtime } from "../src/contract/runtime.ts";
import { FilterList } from "../src/xpath/filter-list.ts";

/** The part of a runtime that hardly any test is about: filters stand in a list, and no trace is kept. */
export const QUIET: Pick<Runtime, "filterTable" | "trace"> = {
  filterTable: FilterList,
  trace: () => undefined,
};
