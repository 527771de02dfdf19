import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, test } from "vitest";
import { fileStore, storeCases } from "../../src/store.ts";

describe.each([
  ["files of the usual size", undefined],
  ["files that hold a few entries", 4096],
])("%s", (_, segmentBytes) => {
  const cases = storeCases(async () => {
    const directory = await mkdtemp(join(tmpdir(), "store-"));
    return {
      store: () => fileStore(directory, { segmentBytes }),
      remove: () => rm(directory, { recursive: true }),
    };
  });
  test.each(cases.map(({ name, run }) => [name, run] as const))("%s", async (_name, run) => {
    await run();
  });
});
