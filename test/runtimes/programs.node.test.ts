import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { LoopbackServer } from "../../src/testing/index.ts";
import { locate } from "../docs/document.ts";
import { makeProgram, type Program } from "./program.ts";
import { run } from "./run.ts";
import { RUNTIMES, runtime } from "./runtimes.ts";

let program: Program;
let server: LoopbackServer;

beforeAll(async () => {
  program = makeProgram();
  cpSync(locate("examples"), join(program.folder, "examples"), { recursive: true });
  server = await LoopbackServer.start({
    domain: "verona.example",
    users: { juliet: "wherefore", romeo: "but soft" },
    components: { "echo.verona.example": "secret" },
    router: { username: "jabberd", password: "secret of the router" },
  });
});

afterAll(async () => {
  await server.close();
  program.remove();
});

/** The examples, their own environments, and the addresses that they get. */
const examples = [
  [
    "xmpp-client.js",
    "juliet@verona.example/balcony",
    { XMPP_JID: "juliet@verona.example/balcony", XMPP_PASSWORD: "wherefore" },
    "client",
  ],
  [
    "legacy-client.js",
    "romeo@verona.example/orchard",
    { XMPP_JID: "romeo@verona.example/orchard", XMPP_PASSWORD: "but soft" },
    "client",
  ],
  [
    "component.js",
    "echo.verona.example",
    { XMPP_DOMAIN: "echo.verona.example", XMPP_PASSWORD: "secret" },
    "component",
  ],
  [
    "jabberd2-component.js",
    "news.verona.example",
    {
      XMPP_DOMAIN: "news.verona.example",
      XMPP_USERNAME: "jabberd",
      XMPP_PASSWORD: "secret of the router",
    },
    "router",
  ],
] as const;

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

  test.each(examples)("runs examples/%s", async (example, jid, own, port) => {
    const { folder } = program;
    const env = {
      ...own,
      XMPP_HOST: "127.0.0.1",
      XMPP_CA: server.ca,
      XMPP_PORT: String(server.ports[port]),
    };
    const path = join(folder, "examples", example);
    const { code, output } = await run(runtime(name), [path], { cwd: folder, env });
    expect(output).toContain(
      [
        `ready as ${jid}`,
        "received Note 1 to self",
        "received Note 2 to self",
        "received Note 3 to self",
        "closed\n",
      ].join("\n"),
    );
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
