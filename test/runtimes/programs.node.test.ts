import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { LoopbackServer } from "../../src/testing/index.ts";
import { locate } from "../docs/document.ts";
import { EXAMPLES, environmentOf, linesOf, startVerona } from "../docs/verona.ts";
import { makeProgram, type Program } from "./program.ts";
import { run } from "./run.ts";
import { RUNTIMES, runtime } from "./runtimes.ts";

let program: Program;
let server: LoopbackServer;

beforeAll(async () => {
  program = makeProgram();
  cpSync(locate("examples"), join(program.folder, "examples"), { recursive: true });
  server = await startVerona();
});

afterAll(async () => {
  await server.close();
  program.remove();
});

/** A module of CommonJS that loads each entry. */
const REQUIRING = `
for (const entry of ["", "/xml", "/xpath", "/testing"]) console.log(typeof require("xmpp-broker" + entry));
const { jid } = require("xmpp-broker");
console.log(jid("Juliet@Verona.example").bare);
`;

describe.each(RUNTIMES)("the built package on %s", (name) => {
  test("runs the demo", async () => {
    const main = join(program.installed, "dist/cli/main.js");
    const { code, output } = await run(runtime(name), [main, "demo"]);
    expect(output).toContain("All four dialects connected, spoke with each other and left");
    expect(code).toBe(0);
  });

  test.each(EXAMPLES)("runs examples/$file", async (example) => {
    const { folder } = program;
    const env = environmentOf(example, server);
    const path = join(folder, "examples", example.file);
    const { code, output } = await run(runtime(name), [path], { cwd: folder, env });
    expect(output).toContain(`${linesOf(example).join("\n")}\n`);
    expect(code).toBe(0);
  });

  test("is required by CommonJS", async () => {
    const path = join(program.folder, "requiring.cjs");
    writeFileSync(path, REQUIRING);
    const { output } = await run(runtime(name), [path], { cwd: program.folder });
    expect(withoutWarnings(output)).toBe("object\n".repeat(4) + "juliet@verona.example\n");
  });
});

/** Node 20.19 and 22 warn that `require` of a module is new. */
function withoutWarnings(output: string): string {
  return output.replaceAll(/^\(.*\n/gm, "");
}
