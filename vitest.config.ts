import { playwright } from "@vitest/browser-playwright";
import { defineConfig } from "vitest/config";

const provider = playwright({
  launchOptions: {
    executablePath: "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
  },
});

const here = (path: string) => new URL(path, import.meta.url).pathname;

/** The package by its own name, as its users and `examples/` import it, is the source under test. */
const own = (entry: string) => [
  { find: /^xmpp-broker\/(xml|xpath)$/, replacement: here("./src/$1.ts") },
  { find: "xmpp-broker/testing", replacement: here("./src/testing/index.ts") },
  { find: "xmpp-broker", replacement: here(entry) },
];

export default defineConfig({
  test: {
    setupFiles: ["./test/seed.ts"],
    reporters: ["default", "./test/closing-line.ts"],
    projects: [
      {
        extends: true,
        resolve: { alias: own("./src/node.ts") },
        test: {
          name: "node",
          include: ["test/**/*.test.ts"],
          globalSetup: ["test/servers/global-setup.ts"],
        },
      },
      {
        extends: true,
        resolve: { alias: own("./src/index.ts") },
        test: {
          name: "browser",
          include: ["test/**/*.test.ts"],
          exclude: ["test/**/*.node.test.ts"],
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
