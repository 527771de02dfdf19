import { copyFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LoopbackServer } from "../../src/testing/index.ts";
import { locate } from "../docs/document.ts";
import { makeProgram, type Program } from "./program.ts";
import { run } from "./run.ts";
import { RUNTIMES, runtime } from "./runtimes.ts";

let program: Program;
let server: LoopbackServer;

beforeAll(async () => {
  program = makeProgram();
  copyFileSync(
    locate("test/runtimes/programs/web-sockets.js"),
    join(program.folder, "web-sockets.js"),
  );
  symlinkSync(fileURLToPath(locate("node_modules/ws")), join(program.folder, "node_modules/ws"));
  server = await LoopbackServer.start({ users: { juliet: "wherefore" }, http: true });
});

afterAll(async () => {
  await server.close();
  program.remove();
});

// The tests of this repository get the package `ws` by its path. A program gets that of the runtime, and Bun has its own.
test.each(RUNTIMES)("on %s a program's WebSockets run over our own socket", async (name) => {
  const env = { WS: server.url("ws"), WSS: server.url("wss"), CA: server.ca };
  const { folder } = program;
  const { code, output } = await run(runtime(name), [join(folder, "web-sockets.js")], {
    cwd: folder,
    env,
  });
  expect(output).toBe(
    [
      "ws: in clear, 1001 in order",
      "wss: TLSv1.3, 1001 in order",
      "an authority that is not trusted: TLS_FAILED",
      "another name: TLS_FAILED",
      "a key that is not pinned: TLS_FAILED\n",
    ].join("\n"),
  );
  expect(code).toBe(0);
});
