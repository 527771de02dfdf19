import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { columnsOf, type Terminal } from "../../src/cli/command.ts";
import { commandOptions } from "../../src/cli/command-options.ts";
import { run as runCommand } from "../../src/cli/run.ts";
import { dialects } from "../../src/dialect/dialects.ts";
import { LoopbackServer } from "../../src/testing/index.ts";

interface Outcome {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

/** Runs the command with its words, where nobody can be asked unless the test says so. */
async function run(words: string, terminal: Partial<Terminal> = {}): Promise<Outcome> {
  let out = "";
  let err = "";
  const argv = words.split(" ").filter((word) => word !== "");
  const status = await runCommand(argv, {
    out: (text) => {
      out += text;
    },
    err: (text) => {
      err += text;
    },
    columns: 132,
    env: {},
    colours: false,
    ask: undefined,
    ...terminal,
  });
  return { status, out, err };
}

test("--help says what there is", async () => {
  const { status, out, err } = await run("--help");
  expect({ status, err }).toEqual({ status: 0, err: "" });
  expect(out).toContain("xmpp-broker demo");
  for (const dialect of Object.keys(dialects)) expect(out).toContain(`--dialect ${dialect} `);
  for (const option of Object.keys(commandOptions)) expect(out).toContain(`--${option}`);
});

/** The lines that are wider than the terminal; a single word may be. */
function wide(text: string, columns: number): string[] {
  const lines = text.replaceAll(SGR, "").split("\n");
  return lines.filter((line) => line.length > columns && /\S\s/.test(line.trim()));
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
const SGR = /\u001b\[\d+m/g;

test.each([20, 40, 80, 132])("help and demo fit into %i columns", async (columns) => {
  const help = await run("--help", { columns });
  const demo = await run("demo", { columns, colours: true });
  expect(wide(help.out + demo.out, columns)).toEqual([]);
  // Each word is still there, in order.
  const words = (text: string): string => text.replace(/\s+/g, " ");
  expect(words(help.out)).toBe(words((await run("--help")).out));
});

test.each([
  [132, {}, 132],
  [12, {}, 20],
  [undefined, {}, 80],
  [undefined, { COLUMNS: "60" }, 60],
  [undefined, { COLUMNS: "0" }, 80],
  [undefined, { COLUMNS: "wide" }, 80],
])("a terminal of %s columns in %o has %i", (terminal, env, columns) => {
  expect(columnsOf(terminal, env)).toBe(columns);
});

test("--version is that of the package", async () => {
  const { status, out } = await run("--version");
  expect(status).toBe(0);
  expect(out).toMatch(/^\d+\.\d+\.\d+\S*\n$/);
});

test.each([
  ["", "no command is given"],
  ["demo --dialect irc", "--dialect must be one of"],
  ["demo --dialect xmpp --jid a@b", "no password: set XMPP_PASSWORD"],
])("arguments that cannot be used, %s, are one line and status 2", async (words, complaint) => {
  const { status, out, err } = await run(words);
  expect({ status, out }).toEqual({ status: 2, out: "" });
  expect(err).toMatch(/^xmpp-broker: [^\n]*\n$/);
  expect(err).toContain(complaint);
});

test.each([
  ["--dialect xmpp --jid @b", "jid must be an address"],
  ["--dialect xmpp --jid a@b --ca /nowhere/ca.pem", "--ca must be a file that can be read"],
  ["--dialect component --domain d --host far.example", "BAD_OPTION"],
])("what the library refuses, %s, is one line and status 2", async (words, complaint) => {
  const { status, err } = await run(`demo ${words}`, { env: { XMPP_PASSWORD: "secret" } });
  expect(status).toBe(2);
  expect(err).toMatch(/^xmpp-broker: [^\n]*\n$/);
  expect(err).toContain(complaint);
});

test("the demo shows four dialects, plain in a pipe", async () => {
  const { status, out, err } = await run("demo");
  expect({ status, err }).toEqual({ status: 0, err: "" });
  expect(out).not.toContain("\u001b");
  for (const dialect of ["xmpp", "legacy", "component", "jabberd2"]) {
    expect(out).toMatch(new RegExp(`^${dialect}\\b[^]*^ +[\\d.]+ ms  ready +as `, "m"));
    expect(out).toContain(`${dialect} leaves`);
  }
  expect(out).toMatch(/tls:success +TLSv1\.3, TLS_/);
  expect(out).toMatch(/auth:start +SCRAM-SHA-512/);
  expect(out).toMatch(/auth:start +DIGEST-MD5/);
  expect(out).toMatch(/flush\(\) +1 stanza, written/);
  expect(out.match(/“Hello from \w+”/g)).toHaveLength(12);
  expect(out).toMatch(/xmpp asks component for the time \(XEP-0202\): 20\d\d-/);
  expect(out).toContain("it matches one, in 1 node: “A high tide.”");
  expect(out).toMatch(/All four dialects connected/);
});

test("the demo is coloured on a terminal", async () => {
  const { out } = await run("demo", { colours: true });
  expect(out).toContain("\u001b[32mready");
});

describe("against a server of the user's", () => {
  let server: LoopbackServer;
  let folder: string;

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "xmpp-broker-cli-"));
    server = await LoopbackServer.start({
      domain: "verona.example",
      users: { juliet: "wherefore" },
      components: {
        "echo.verona.example": "wherefore",
        "traced.verona.example": "wherefore",
        "refused.verona.example": "wherefore",
      },
      router: { username: "jabberd", password: "wherefore" },
    });
    writeFileSync(join(folder, "ca.pem"), server.ca);
  });

  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await server.close();
  });

  /** The arguments that say where, and a password in the environment. */
  function visit(port: number, words: string, terminal: Partial<Terminal> = {}): Promise<Outcome> {
    const where = `--host 127.0.0.1 --port ${port} --ca ${join(folder, "ca.pem")}`;
    return run(`demo ${words} ${where}`, { env: { XMPP_PASSWORD: "wherefore" }, ...terminal });
  }

  test.each<[string, "client" | "clientTls" | "component" | "router"]>([
    ["--dialect xmpp --jid juliet@verona.example", "client"],
    ["--dialect xmpp --jid juliet@verona.example --tls direct", "clientTls"],
    ["--dialect legacy --jid juliet@verona.example/balcony", "client"],
    ["--dialect legacy --jid juliet@verona.example/balcony --tls direct", "clientTls"],
    ["--dialect component --domain echo.verona.example", "component"],
    ["--dialect jabberd2 --domain news.verona.example --username jabberd", "router"],
  ])("%s", async (words, port) => {
    const { status, out, err } = await visit(server.ports[port], words);
    expect({ status, err }).toEqual({ status: 0, err: "" });
    expect(out).toMatch(/ready\s+as /);
    expect(out).toContain("1 stanza, written");
    expect(out).toContain("matched, from ");
    expect(out).toMatch(/ping to \S+: pong/);
    expect(out).toMatch(/shutdown:finish\n$/);
  });

  test("the password is asked for where the environment has none", async () => {
    const asked: string[] = [];
    const ask = (question: string): Promise<string> => {
      asked.push(question);
      return Promise.resolve("wherefore");
    };
    const words = "--dialect xmpp --jid juliet@verona.example";
    const { status } = await visit(server.ports.client, words, { env: {}, ask });
    expect(status).toBe(0);
    expect(asked).toEqual(["Password for juliet@verona.example: "]);
  });

  test("the trace shows the wire, and no secret", async () => {
    const words = "--dialect component --domain traced.verona.example --trace";
    const { status, out } = await visit(server.ports.component, words);
    expect(status).toBe(0);
    expect(out).toMatch(/C> <stream:stream /);
    expect(out).toMatch(/S> <stream[: ]/);
    expect(out).toMatch(/C> <handshake[^>]*>\[redacted\]<\/handshake>/);
  });

  test.each([
    ["a wrong password", "--dialect xmpp --jid juliet@verona.example", "hunter2", "AUTH_FAILED"],
    [
      "a wrong secret",
      "--dialect component --domain echo.verona.example",
      "hunter2",
      "AUTH_FAILED",
    ],
  ])("%s is one line with the code and status 1", async (_, words, password, code) => {
    const port = words.includes("component") ? server.ports.component : server.ports.client;
    const { status, err } = await visit(port, words, { env: { XMPP_PASSWORD: password } });
    expect(status).toBe(1);
    expect(err).toMatch(new RegExp(`^xmpp-broker: ${code}: [^\\n]*\\n$`));
    expect(err).not.toContain(password);
  });

  test("a server that is not there is one line with the code and status 1", async () => {
    const other = await LoopbackServer.start();
    const { client } = other.ports;
    await other.close();
    const { status, err } = await visit(client, "--dialect xmpp --jid juliet@verona.example");
    expect(status).toBe(1);
    expect(err).toMatch(/^xmpp-broker: CONNECT_FAILED: [^\n]*\n$/);
  });
});
