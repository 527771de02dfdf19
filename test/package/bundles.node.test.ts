import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { nodeResolve } from "@rollup/plugin-node-resolve";
import { build } from "esbuild";
import { type RollupCache, rollup } from "rollup";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as mainEntry from "../../src/index.ts";
import * as xmlEntry from "../../src/xml.ts";
import { locate, readDocument } from "../docs/document.ts";

interface Budget {
  readonly name: string;
  readonly path: string;
  readonly import: string;
  readonly limit: string;
}

interface Manifest {
  readonly sideEffects: readonly string[];
  readonly "size-limit": readonly Budget[];
}

const manifest = JSON.parse(readDocument("package.json")) as Manifest;

/** A folder that has the built package installed, as a user's program would have it. */
let program = "";

beforeAll(() => {
  program = mkdtempSync(join(tmpdir(), "xmpp-broker-bundles-"));
  const installed = join(program, "node_modules/xmpp-broker");
  mkdirSync(installed, { recursive: true });
  cpSync(locate("package.json"), join(installed, "package.json"));
  const tsc = fileURLToPath(locate("node_modules/typescript/bin/tsc"));
  const project = fileURLToPath(locate("tsconfig.build.json"));
  const options = ["--noCheck", "--declaration", "false", "--outDir", join(installed, "dist")];
  execFileSync(process.execPath, [tsc, "-p", project, ...options]);
}, 120_000);

afterAll(() => {
  rmSync(program, { recursive: true, force: true });
});

/** Bundles a module for a browser and minifies it. */
type Bundler = (source: string) => Promise<string>;

/** The modules that rollup has parsed, so that it parses each once. */
let parsed: RollupCache | undefined;

async function esbuild(source: string): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: source, resolveDir: program },
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    platform: "browser",
    target: "es2022",
    logLevel: "silent",
  });
  return outputFiles.map(({ text }) => text).join("");
}

const bundlers: Readonly<Record<string, Bundler>> = {
  esbuild,

  async rollup(source) {
    const input = join(program, "input.js");
    writeFileSync(input, source);
    const bundle = await rollup({
      input,
      ...(parsed === undefined ? {} : { cache: parsed }),
      plugins: [nodeResolve({ browser: true })],
      onwarn({ code: kind, message }) {
        if (kind !== "EMPTY_BUNDLE") throw new TypeError(message);
      },
    });
    parsed = bundle.cache;
    const { output } = await bundle.generate({ format: "es" });
    await bundle.close();
    // The same minifier for both, so that their sizes differ by the bundling alone.
    return esbuild(output[0].code);
  },
};

/** Runs a bundle on its own; returns the JSON that it prints. */
function run(code: string): unknown {
  const file = join(program, "bundle.mjs");
  writeFileSync(file, code);
  return JSON.parse(execFileSync(process.execPath, [file], { encoding: "utf8" }));
}

/** The names that a bundle exports once it has run. */
function namesOf(code: string): unknown {
  writeFileSync(join(program, "exporting.mjs"), code);
  return run('console.log(JSON.stringify(Object.keys(await import("./exporting.mjs"))));');
}

/** The name that a program imports a built file by. */
const specifiers: Readonly<Record<string, string>> = {
  "dist/index.js": "xmpp-broker",
  "dist/small.js": "xmpp-broker/small",
  "dist/xml.js": "xmpp-broker/xml",
  "dist/xpath.js": "xmpp-broker/xpath",
};

const entries: Readonly<Record<string, object>> = {
  "dist/index.js": mainEntry,
  "dist/xml.js": xmlEntry,
};

/** Budgets count 1,000 bytes to a KB. */
function bytes(limit: string): number {
  const [, number] = /^(\d+(?:\.\d+)?) KB$/.exec(limit) ?? [];
  if (number === undefined) throw new TypeError(`${limit} is no budget`);
  return Number(number) * 1000;
}

/** A program with a broker, a dialect and a filter, from one of the entries. */
const brokerOf = (entry: string): string => `
  import { Broker, filters, memoryPair, xmpp } from "${entry}";
  const [ours] = memoryPair();
  const dialect = xmpp({ jid: "juliet@example.org", password: "wherefore" });
  const broker = new Broker({ dialect, transport: () => Promise.resolve(ours) });
  broker.filter(filters.chat, () => undefined);
  console.log(JSON.stringify(broker.phase.name));`;

// The time is that of the bundlers on a busy machine.
describe.each(Object.entries(bundlers))("a bundle by %s", { timeout: 120_000 }, (_name, bundle) => {
  test.each([
    [
      "find from the main entry",
      `import { find, parse } from "xmpp-broker";
       console.log(JSON.stringify(find(parse("<a><b c='1'/></a>"), "b/@c")[0].value));`,
      "1",
    ],
    [
      "find from xmpp-broker/xpath with the parser of xmpp-broker/xml",
      `import { parse } from "xmpp-broker/xml";
       import { find } from "xmpp-broker/xpath";
       console.log(JSON.stringify(find(parse("<a><b c='1'/></a>"), "b/@c")[0].value));`,
      "1",
    ],
    ["a broker with a filter and no index", brokerOf("xmpp-broker/small"), "idle"],
    ["a broker with a dialect and a filter", brokerOf("xmpp-broker"), "idle"],
  ])("of %s runs", async (_what, source, printed) => {
    expect(run(await bundle(source))).toBe(printed);
  });

  test.each(Object.keys(specifiers))("of nothing from %s is empty", async (path) => {
    expect((await bundle(`import "${specifiers[path] ?? ""}";`)).trim()).toBe("");
  });

  test.each(manifest["size-limit"])("of $name is within $limit and runs", async (budget) => {
    const { path, import: names, limit } = budget;
    const code = await bundle(`export ${names} from "${specifiers[path] ?? ""}";`);
    const exported = names === "*" ? Object.keys(entries[path] ?? {}).sort() : names.match(/\w+/g);
    expect(namesOf(code)).toEqual(exported);
    const size = gzipSync(code, { level: 9 }).length;
    expect(size).toBeLessThanOrEqual(bytes(limit));
    // A budget with much room left would not notice what is not dropped.
    expect(size).toBeGreaterThan(bytes(limit) / 2);
  });
});

/** The modules of the library that a bundle by esbuild holds, such as `sasl/exchange.js`. */
async function modulesOf(source: string): Promise<string[]> {
  const { metafile } = await build({
    stdin: { contents: source, resolveDir: program },
    absWorkingDir: program,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: "esm",
    logLevel: "silent",
  });
  const [output] = Object.values(metafile.outputs);
  return Object.entries(output?.inputs ?? {})
    .filter(([path, { bytesInOutput }]) => bytesInOutput > 0 && path.includes("/dist/"))
    .map(([path]) => path.slice(path.indexOf("/dist/") + "/dist/".length));
}

const dialectModules = /^dialect\/(?:component|jabberd2|legacy|route|xmpp)\.js$/;

describe("a bundle holds only the features that it uses", () => {
  test.each<[names: string, from: string, unused: RegExp]>([
    ["{ Broker }", "xmpp-broker", dialectModules],
    ["*", "xmpp-broker", /^lookup\/(?:dns|srv|race|node-dns)\.js$/],
    ["{ Broker, websocket, xmpp }", "xmpp-broker", /^stream\/bosh\//],
    ["{ Broker }", "xmpp-broker", /^(?:sasl\/(?:mechanisms|exchange|saslprep)|transport\/memory)/],
    [
      "{ Broker, component }",
      "xmpp-broker",
      /^(?:dialect\/(?:jabberd2|legacy|xmpp)|sasl\/mechanisms)/,
    ],
    ["{ Broker, component }", "xmpp-broker", /^negotiate\/(?:bind|iq-auth|router-bind|sasl)\.js$/],
    [
      "{ Broker, xmpp }",
      "xmpp-broker",
      /^(?:dialect\/(?:component|jabberd2|legacy|route)|negotiate\/router)/,
    ],
    [
      "{ Broker, jabberd2 }",
      "xmpp-broker",
      /^(?:dialect\/(?:component|legacy|xmpp)|negotiate\/iq-auth)/,
    ],
    ["{ Broker, xmpp }", "xmpp-broker", /^sasl\/mechanisms\/(?:digest-md5|directives)/],
    ["{ Broker, xmpp, xml }", "xmpp-broker/small", /^xpath\/index\//],
    ["{ find }", "xmpp-broker", /^(?:xpath\/index|xml\/read|broker|stream)\//],
    ["{ jid }", "xmpp-broker", /^(?!base|jid)|stringprep/],
    ["{ serialize }", "xmpp-broker/xml", /^(?!base|xml)|^xml\/(?:read|template)/],
    ["*", "xmpp-broker/xml", /^(?!base|xml)/],
    [
      "*",
      "xmpp-broker",
      /\.node\.js$|^(?:testing|cli)\/|transport\/(?:certificate|der|node|tcp|tls\.)/,
    ],
  ])("%s of %s", async (names, from, unused) => {
    const modules = await modulesOf(`export ${names} from "${from}";`);
    expect(modules.length).toBeGreaterThan(0);
    expect(modules.filter((module) => unused.test(module))).toEqual([]);
  });
});

test("no module of the library has an effect when it is imported", () => {
  expect(manifest.sideEffects).toEqual(["./dist/cli/main.js"]);
});

test("a clone serves the page of examples/browser, bundled from the built package", () => {
  const clone = join(program, "clone");
  for (const part of ["package.json", "tsconfig.json", "src", "examples"]) {
    cpSync(locate(part), join(clone, part), { recursive: true });
  }
  cpSync(join(program, "node_modules/xmpp-broker/dist"), join(clone, "dist"), { recursive: true });
  symlinkSync(fileURLToPath(locate("node_modules")), join(clone, "node_modules"));
  const script = `
    import { serve } from "./examples/browser/serve.js";
    const server = await serve();
    const answer = await fetch(\`http://localhost:\${server.address().port}/client.js\`);
    console.log(answer.status);
    server.close();
    server.closeAllConnections();`;
  const argv = ["--input-type=module", "--eval", script];
  expect(execFileSync(process.execPath, argv, { cwd: clone, encoding: "utf8" })).toBe("200\n");
});
