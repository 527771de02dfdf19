import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { locate, readDocument } from "../docs/document.ts";
import { type Cell, cellsOf, title } from "../real/cells.ts";
import { SERVER_NAMES } from "../servers/server.ts";
import { DIFFERENCES } from "./differences.ts";
import { run } from "./run.ts";
import { RUNTIMES, type RuntimeName, runtime } from "./runtimes.ts";
import { waysOf } from "./ways.ts";

/** The report of Vitest, as far as it is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly message: string;
    readonly assertionResults: readonly {
      readonly ancestorTitles: readonly string[];
      readonly title: string;
      readonly status: string;
    }[];
  }[];
}

/** The tests that ran on a runtime. */
interface Ran {
  /** How many passed. */
  readonly passed: number;
  /** The names of the groups that have a test that passed, the outermost first. */
  readonly groups: readonly (readonly string[])[];
  /** The names of the others, with their files. */
  readonly failed: string[];
}

/** Runs tests of this repository on a runtime. */
async function testsOn(name: RuntimeName, ...words: string[]): Promise<Ran> {
  const folder = mkdtempSync(join(tmpdir(), "xmpp-broker-runtimes-"));
  onTestFinished(() => {
    rmSync(folder, { recursive: true });
  });
  const file = join(folder, "report.json");
  const vitest = fileURLToPath(locate("node_modules/vitest/vitest.mjs"));
  const args = [vitest, "run", ...words, "--reporter=json", `--outputFile=${file}`];
  const env = { XMPP_BROKER_RUNTIME: name, XMPP_BROKER_INSTALL: "0" };
  const { output } = await run(runtime(name), args, { env });
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, "utf8")) as Report;
  } catch {
    throw new Error(`there is no report: ${output}`);
  }
  const failed = report.testResults.flatMap(({ name: path, assertionResults, status, message }) => {
    const within = relative(fileURLToPath(locate("test")), path);
    const names = assertionResults
      .filter((each) => each.status === "failed")
      .map(({ ancestorTitles, title }) => `${within}: ${[...ancestorTitles, title].join(" > ")}`);
    // A file that does not load has no tests.
    return status === "failed" && names.length === 0 ? [`${within}: ${message}`] : names;
  });
  const groups = report.testResults
    .flatMap(({ assertionResults }) => assertionResults)
    .filter(({ status }) => status === "passed")
    .map(({ ancestorTitles }) => ancestorTitles);
  return { passed: report.numPassedTests, groups, failed: failed.sort() };
}

/** The tests that are expected to fail, as `testsOn` names them. */
const expected = (name: RuntimeName): string[] =>
  (DIFFERENCES[name] ?? [])
    .filter(({ hangs }) => hangs !== true)
    .map(({ file, test: title }) => `${file}: ${title}`)
    .sort();

/** The words that leave out the tests that would hang. */
function withoutHanging(name: RuntimeName): string[] {
  const names = (DIFFERENCES[name] ?? [])
    .filter(({ hangs }) => hangs === true)
    .map(({ test: title }) => title.replaceAll(" > ", " ").replace(/[^\w ]/g, "."));
  return names.length === 0 ? [] : ["-t", `^(?!.*(?:${names.join("|")})$)`];
}

/** The folders of `test/` that meet the runtime: its sockets, TLS, timers, processes and cryptography. */
const EDGES = ["base", "transport", "sasl", "link", "testing", "cli", "broker/leaks", "docs/ex"];

/** The steps of the matrix and the logins that are played on real servers. */
const PLAYED = [
  "connects and shuts down, and the events",
  "a message reaches another client",
  "the server answers a request",
  "logging in",
].join("|");

describe("the tier node", () => {
  // The gate runs the whole tier on its own Node 20 already. Here the oldest one that the package supports has its turn.
  test.each(["node-20", "node-22"] as const)(
    "passes on %s, where it meets the runtime",
    async (name) => {
      const folders = EDGES.map((folder) => `test/${folder}`);
      const { passed, failed } = await testsOn(name, "--project", "node", ...folders);
      expect(failed).toEqual([]);
      expect(passed).toBeGreaterThan(500);
    },
  );

  test.each(["node-24", "bun", "deno"] as const)("passes on %s", async (name) => {
    const { passed, failed } = await testsOn(name, "--project", "node", ...withoutHanging(name));
    expect(failed).toEqual(expected(name));
    expect(passed).toBeGreaterThan(6000);
  });
});

/** A cell of the matrix as a way of the table in `docs/runtimes.md`. */
const wayOf = ({ transport, protection }: Cell): string =>
  transport === "tcp" && protection === "direct TLS" ? protection : transport;

test.each([
  ["node-24", "Node"],
  ["bun", "Bun"],
  ["deno", "Deno"],
] as const)("%s goes each way of the matrix to the real servers", async (name, column) => {
  const words = ["--project", "real", "test/real", "-t", PLAYED];
  const { passed, groups, failed } = await testsOn(name, ...words);
  expect(failed).toEqual([]);
  expect(passed).toBeGreaterThan(200);
  const gone = SERVER_NAMES.flatMap(cellsOf).filter((cell) =>
    groups.some(([server, , cellTitle]) => {
      return server?.startsWith(`${cell.server} `) && cellTitle === title(cell);
    }),
  );
  expect(gone).toEqual(SERVER_NAMES.flatMap(cellsOf));
  expect([...new Set(gone.map(wayOf))].sort()).toEqual(waysOf(column).sort());
});

describe("docs/runtimes.md", () => {
  const page = readDocument("docs/runtimes.md").replaceAll(/\s+/g, " ");

  test.each(Object.values(DIFFERENCES).flat())("tells: $why", ({ why }) => {
    expect(page).toContain(why);
  });

  test("names each runtime with its version", () => {
    const { dependencies, optionalDependencies } = JSON.parse(
      readDocument("test/runtimes/package.json"),
    ) as Record<string, Record<string, string>>;
    const versions = Object.values({ ...dependencies, ...optionalDependencies });
    for (const version of versions) {
      const [number = ""] = /\d+(?:\.\d+)+$/.exec(version) ?? [];
      expect(page).toContain(number);
    }
  });
});

test("each runtime has the version that is asked for", async () => {
  for (const name of RUNTIMES) {
    const { output } = await run({ ...runtime(name), words: [] }, ["--version"]);
    expect(output).toMatch(/\d+\.\d+\.\d+/);
  }
});
