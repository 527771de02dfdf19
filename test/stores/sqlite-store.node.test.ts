import { isBuiltin } from "node:module";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type OutboxStore, storeCases } from "../../src/store.ts";
import { locate } from "../docs/document.ts";
import { newDirectory, removeDirectories } from "./place.ts";

afterEach(removeDirectories);

interface Example {
  readonly sqliteStore: (file: string) => OutboxStore;
}

async function example(): Promise<Example> {
  const path = locate("examples/sqlite-store.js").pathname;
  return (await import(/* @vite-ignore */ path)) as Example;
}

if (isBuiltin("node:sqlite")) {
  describe("examples/sqlite-store.js", () => {
    const cases = storeCases(async () => {
      const { sqliteStore } = await example();
      const file = join(newDirectory(), "outbox.sqlite");
      return { store: () => sqliteStore(file) };
    });
    test.each(cases.map(({ name, run }) => [name, run] as const))("%s", async (_name, run) => {
      await run();
    });
  });
} else {
  // Node 20 has no node:sqlite. The tier runtimes holds the example against the table on Node 24.
  test("examples/sqlite-store.js cannot be loaded without node:sqlite", async () => {
    await expect(example()).rejects.toThrow("node:sqlite");
  });
}
