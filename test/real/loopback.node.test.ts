import { startLoopback } from "../servers/loopback.ts";
import { cellsOf } from "./cells.ts";
import { play } from "./matrix.ts";

// The package's own server must be as real as it says: the same scenario as on the others.
const cells = cellsOf("loopback");
for (const mode of ["required", "optional", "off"] as const) {
  play({
    title: `the loopback server where TLS is ${mode}`,
    start: () => startLoopback(mode),
    short: mode !== "optional",
    // Direct TLS has a port of its own, whatever the others do.
    cells: cells.filter(({ door }) => door === mode || (mode === "required" && door === "direct")),
  });
}
