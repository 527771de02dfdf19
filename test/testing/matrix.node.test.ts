import { expect, test } from "vitest";
import { cellsOf, hasLongSteps } from "../real/cells.ts";
import { play } from "../real/matrix.ts";
import { startLoopback } from "../servers/loopback.ts";
import { SERVER_NAMES } from "../servers/server.ts";

test.each(["loopback", ...SERVER_NAMES] as const)("one cell of %s has the long steps", (server) => {
  expect(cellsOf(server).filter(hasLongSteps)).toHaveLength(1);
});

// The package's own server goes through the scenario of the real ones. It needs no installation.
const cells = cellsOf("loopback");
play(
  (["required", "optional", "off"] as const).map((mode) => ({
    title: `the loopback server where TLS is ${mode}`,
    start: () => startLoopback(mode),
    // Direct TLS has a port of its own: one of the servers is enough for it.
    cells: cells.filter(({ door }) => door === mode || (mode === "required" && door === "direct")),
  })),
);
