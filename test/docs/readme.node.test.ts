import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dialects } from "../../src/dialect/dialects.ts";
import * as library from "../../src/node.ts";
import * as testing from "../../src/testing/index.ts";
import { exampleOf } from "./dialects-page.ts";
import { codeSpans, readDocument, section, tableRows } from "./document.ts";
import { runnable, snippetsOf } from "./snippets.ts";
import { Source } from "./source.ts";

const page = readDocument("README.md");
const [opening = "", ...recipes] = snippetsOf("README.md").map(runnable);
const titles = [...section(page, "Recipes").matchAll(/^### (.*)$/gm)].map(([, title]) => title);

const modules: Record<string, object> = {
  "xmpp-broker": library,
  "xmpp-broker/testing": testing,
};

const IMPORT = /^import \{ (.*) \} from "(.*)";$/gm;

type Body = (...values: unknown[]) => Promise<unknown>;
const AsyncFunction = (async () => {
  /* only its constructor is wanted */
}).constructor as new (
  ...namesAndBody: string[]
) => Body;

/**
 * Runs a snippet as a module would be run: its imports must exist, all else that it names is given.
 * Resolves with the variables asked for.
 */
async function execute(
  snippet: string,
  given: Record<string, unknown>,
  wanted: string[] = [],
): Promise<Record<string, unknown>> {
  const scope = { ...given };
  for (const [, names = "", from = ""] of snippet.matchAll(IMPORT)) {
    const module = from.startsWith("node:") ? ((await import(from)) as object) : modules[from];
    expect(module, `${from} is one of the package's entries`).toBeDefined();
    for (const each of names.split(",")) {
      const [name = "", alias = name] = each.trim().split(" as ");
      expect(module, `${from} exports ${name}`).toHaveProperty(name);
      scope[alias] = (module as Record<string, unknown>)[name];
    }
  }
  // In a block of its own, a snippet may declare what it was also given.
  const body = `{${snippet.replace(IMPORT, "")}\nreturn { ${wanted.join(", ")} };}`;
  const run = new AsyncFunction(...Object.keys(scope), body);
  return (await run(...Object.values(scope))) as Record<string, unknown>;
}

describe("the snippet at the top", () => {
  test("has ten lines at most", () => {
    expect(opening.trimEnd().split("\n").length).toBeLessThanOrEqual(10);
  });

  test("runs, and echoes what it is sent", async () => {
    const server = await testing.LoopbackServer.start({
      components: { "echo.example.org": "s3cr3t", "probe.example.org": "secret" },
    });
    const port = server.ports.component;
    const probe = new library.Broker({
      dialect: library.component({ domain: "probe.example.org", secret: "secret" }),
      host: "127.0.0.1",
      port,
    });
    await probe.connect();
    const { broker } = await execute(opening.replace("5347", String(port)), {}, ["broker"]);

    const echo = probe.waitFor("/message/body");
    const { xml } = library;
    probe.send(
      xml("message", { to: "echo.example.org", type: "chat" }, xml("body", {}, "Hello, echo")),
    );
    const { stanza } = await echo;
    expect(stanza.attrs).toMatchObject({ from: "echo.example.org", to: "probe.example.org" });
    expect(stanza.childText("body")).toBe("Hello, echo");

    await (broker as library.Broker).shutdown();
    await probe.shutdown();
    await server.close();
  });
});

describe("the recipes", () => {
  let server: testing.LoopbackServer;

  beforeAll(async () => {
    server = await testing.LoopbackServer.start({
      domain: "verona.example",
      users: { juliet: "wherefore" },
      components: { "echo.verona.example": "secret" },
    });
  });

  afterAll(async () => {
    await server.close();
  });

  test("there is one snippet for each", () => {
    expect(recipes).toHaveLength(titles.length);
  });

  test.each(titles.map((title, index) => [title, recipes[index] ?? ""]))("%s", async (_, code) => {
    const broker = new library.Broker({
      dialect: library.component({ domain: "echo.verona.example", secret: "secret" }),
      host: "127.0.0.1",
      port: server.ports.component,
    });
    await broker.connect();
    const surroundings = {
      broker,
      readFile: (path: string) => Promise.resolve(path.endsWith(".pem") ? server.ca : "wherefore"),
      // The signal to leave comes soon.
      process: { once: (_: string, leave: () => void) => setTimeout(leave) },
      console: { log: () => undefined },
    };
    try {
      await execute(code, { ...library, ...surroundings });
    } finally {
      await broker.shutdown();
    }
  });
});

test("each dialect has its row, with its ports", () => {
  const rows = tableRows(page).map(([name = "", , , ports]) => [codeSpans(name)[0], ports]);
  const source = new Source(["src/dialect/dialects.ts"]);
  const expected = Object.entries(dialects).map(([name, { options }]) => {
    const { plain, direct } = exampleOf(source, name).dialect.ports;
    const needed = Object.keys({
      ...options.needs,
      ...("password" in options.takes && { password: 0 }),
    });
    const ports = direct === undefined ? `${plain}` : `${plain}, direct TLS ${direct}`;
    return [`${name}({ ${needed.join(", ")} })`, ports];
  });
  expect(rows).toEqual(expected);
});

test("the page has fewer than 250 lines", () => {
  expect(page.split("\n").length).toBeLessThan(250);
});
