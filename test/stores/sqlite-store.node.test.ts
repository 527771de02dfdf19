import { isBuiltin } from "node:module";
import { join } from "node:path";
import { afterEach, describe, test } from "vitest";
import { type OutboxStore, storeCases } from "../../src/store.ts";
import { locate } from "../docs/document.ts";
import { newDirectory, removeDirectories } from "./place.ts";

afterEach(removeDirectories);

/** The example imports `node:sqlite`, which Node 20 does not have. */
describe.skipIf(!isBuiltin("node:sqlite"))("examples/sqlite-store.js", () => {
  const cases = storeCases(async () => {
    const path = locate("examples/sqlite-store.js").pathname;
    const { sqliteStore } = (await import(/* @vite-ignore */ path)) as {
      readonly sqliteStore: (file: string) => OutboxStore;
    };
    const file = join(newDirectory(), "outbox.sqlite");
    return { store: () => sqliteStore(file) };
  });
  test.each(cases.map(({ name, run }) => [name, run] as const))("%s", async (_name, run) => {
    await run();
  });
});
