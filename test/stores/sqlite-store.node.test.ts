import { isBuiltin } from "node:module";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type OutboxStore, type StorePlace, storeCases } from "../../src/store.ts";
import { locate } from "../docs/document.ts";
import { copyOf, newDirectory, removeDirectories } from "./place.ts";

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
      const placeIn = (directory: string): StorePlace => ({
        store: () => sqliteStore(join(directory, "outbox.sqlite")),
        killed: () => placeIn(copyOf(directory)),
      });
      return placeIn(newDirectory());
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
