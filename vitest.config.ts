import { readdirSync, readFileSync } from "node:fs";
import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

const provider = playwright({
  launchOptions: {
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  },
});

const here = (path: string) => new URL(path, import.meta.url).pathname;

/** Resolves the package's own name to its source, so that tests and `examples/` import it as users do. */
const own = (entry: string) => [
  { find: /^xmpp-broker\/(xml|xpath|store)$/, replacement: here("./src/$1.ts") },
  { find: "xmpp-broker/testing", replacement: here("./src/testing/index.ts") },
  { find: "xmpp-broker", replacement: here(entry) },
];

const TESTS = "test/**/*.test.ts";

/**
 * The tests that run compilers, bundlers, browsers, the test runner itself, and programs with a small heap, and those that
 * cut a store at each call of the system. They take long.
 */
const PACKAGE = ["test/package/**/*.test.ts", "test/browsers/**/*.test.ts"];

/** The tests that need an installed server. */
const REAL = ["test/real/**/*.test.ts", "test/servers/**/*.test.ts"];

/** The tests that run the tests above on other runtimes. They take long. */
const RUNTIMES = "test/runtimes/**/*.test.ts";

/** The files that need a process of their own. Their first line says so, and why. */
const ALONE = readdirSync(here("./test"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".test.ts"))
  .map((path) => `test/${path}`)
  .filter((path) => readFileSync(here(path), "utf8").startsWith("// Runs alone: "));

export default defineConfig({
  test: {
    setupFiles: ["./test/seed.ts"],
    reporters: ["default", "./test/closing-line.ts"],
    maxWorkers: "100%",
    // Files share a process: starting one for each file costs more than most files do. So a test undoes what it does
    // to globals and to the process, and a module that tests import registers no hook.
    isolate: false,
    // A busy machine is slow. These only end a test that hangs.
    testTimeout: 60_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 50_000 } },
    projects: [
      {
        extends: true,
        resolve: { alias: own("./src/node.ts") },
        test: {
          name: "node",
          include: [TESTS],
          exclude: [...PACKAGE, RUNTIMES, ...REAL, ...ALONE],
        },
      },
      {
        extends: true,
        resolve: { alias: own("./src/node.ts") },
        test: { name: "alone", include: ALONE, isolate: true },
      },
      {
        extends: true,
        resolve: { alias: own("./src/node.ts") },
        test: {
          name: "long-way",
          include: ["test/{xml,xpath,stream,negotiate,dialect,link,session,traffic}/**/*.test.ts"],
          exclude: ALONE,
          setupFiles: ["./test/long-way.ts"],
          sequence: { groupOrder: 3 },
        },
      },
      {
        extends: true,
        resolve: { alias: own("./src/node.ts") },
        test: {
          name: "package",
          include: PACKAGE,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        extends: true,
        resolve: { alias: own("./src/node.ts") },
        test: {
          name: "real",
          include: REAL,
          globalSetup: ["test/servers/global-setup.ts"],
          sequence: { groupOrder: 2 },
        },
      },
      {
        extends: true,
        resolve: { alias: own("./src/node.ts") },
        test: {
          name: "runtimes",
          include: [RUNTIMES],
          globalSetup: ["test/runtimes/global-setup.ts"],
          // Each runs programs that use all processors.
          fileParallelism: false,
          testTimeout: 600_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 5 },
        },
      },
      {
        extends: true,
        resolve: { alias: own("./src/index.ts") },
        test: {
          name: "browser",
          include: [TESTS],
          exclude: ["test/**/*.node.test.ts"],
          sequence: { groupOrder: 4 },
          isolate: true,
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            provider,
            instances: [{ browser: "chromium" }],
          },
        },
      },
    ],
  },
});
