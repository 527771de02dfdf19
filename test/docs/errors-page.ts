import * as codes from "../../src/base/error-codes.ts";
import { code, wrapped } from "./print.ts";
import type { Source } from "./source.ts";

/** Prints one group of codes for `docs/errors.md`, a section for each code. */
export function printErrors(source: Source, group: string): string {
  const rows = (codes as Readonly<Record<string, object>>)[group];
  if (rows === undefined) throw new TypeError(`there are no codes ${group}`);
  const members = source.exported("src/base/error-codes.ts", group).members();
  return Object.keys(rows)
    .map((name) => {
      const doc = members.find((member) => member.name === name)?.doc ?? "";
      return `### ${code(name)}\n\n${wrapped(doc)}`;
    })
    .join("\n\n");
}
