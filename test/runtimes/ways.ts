import { readDocument } from "../docs/document.ts";

/** The columns of the table of ways in `docs/runtimes.md`. */
export type Column = "Node" | "Bun" | "Deno" | "Chromium" | "workerd";

/** The ways to a server that `docs/runtimes.md` says a runtime has, in the order of its table. */
export function waysOf(column: Column): string[] {
  const lines = readDocument("docs/runtimes.md").split("\n");
  const first = lines.findIndex((line) => line.startsWith("| way |"));
  const rows = lines.slice(first).map((line) => line.split("|").map((cell) => cell.trim()));
  const end = rows.findIndex(({ length }) => length < 3);
  const [head = [], , ...body] = rows.slice(0, end);
  const at = head.indexOf(column);
  return body.filter((cells) => cells[at] === "yes").map(([, way = ""]) => way);
}
