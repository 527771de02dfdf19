import {
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { fileStore, type StoredEntry } from "../../src/store.ts";
import { type BatchKind, encodeBatch } from "../../src/stores/batch.ts";
import { checkedLine } from "../../src/stores/checked-line.ts";
import { lookAt } from "../../src/stores/salvage/look.ts";
import { salvage } from "../../src/stores/salvage/salvage.ts";
import { seededRandom } from "../../src/testing/relay/seeded-random.ts";
import { contentOf, copyOf, entry, newDirectory, OWNER, removeDirectories } from "./place.ts";

afterEach(removeDirectories);

const segmentBytes = 4096;

/** A store of several segments with removed entries, as it is after `kill -9`: nothing was closed. */
async function killedStore(): Promise<{ directory: string; entries: StoredEntry[] }> {
  const directory = newDirectory();
  const store = fileStore(directory, { segmentBytes });
  await store.open(OWNER);
  for (let batch = 0; batch < 14; batch++) {
    const keys = Array.from({ length: 1 + (batch % 5) }, (_, index) => `${batch}.${index}`);
    await store.append(
      keys.map((key) => entry(key, `<message id='${key}'>${"x".repeat(150)}</message>`)),
    );
    if (batch % 3 === 2) await store.remove([`${batch - 1}.0`, `${batch}.1`]);
  }
  const copy = copyOf(directory);
  await store.close();
  const entries = await contentOf(fileStore(copyOf(copy), { segmentBytes }));
  expect(entries.length).toBeGreaterThan(20);
  return { directory: copy, entries };
}

/** Opens a store after a fault: it names the fault, or holds exactly what it held. */
async function verdict(directory: string, entries: readonly StoredEntry[]): Promise<string> {
  let found: readonly StoredEntry[];
  try {
    found = await contentOf(fileStore(directory, { segmentBytes }));
  } catch (thrown) {
    expect(thrown).toMatchObject({ code: "STORE_DAMAGED" });
    return (thrown as Error).message;
  }
  expect(found).toEqual(entries);
  return "the same";
}

describe("a store after kill -9", () => {
  test("a byte that is flipped anywhere is named, or changes nothing", async () => {
    const { directory, entries } = await killedStore();
    const random = seededRandom(14);
    const names = readdirSync(directory);
    const verdicts: string[] = [];
    for (let count = 0; count < 60; count++) {
      const copy = copyOf(directory);
      const name = names[random(names.length)] ?? "";
      const bytes = readFileSync(join(copy, name));
      const at = random(bytes.length);
      bytes[at] = (bytes[at] ?? 0) ^ (1 + random(255));
      writeFileSync(join(copy, name), bytes);
      const said = await verdict(copy, entries);
      if (said !== "the same") expect(said).toContain(`${name} at byte`);
      verdicts.push(said);
      removeDirectory(copy);
    }
    expect(verdicts.filter((said) => said !== "the same").length).toBeGreaterThan(10);
  });

  test("a byte that is flipped in the last batches is named, or changes nothing", async () => {
    const { directory, entries } = await killedStore();
    const last = lastSegment(directory);
    const bytes = readFileSync(join(directory, last));
    const end = bytes.findLastIndex((byte) => byte !== 0);
    for (let at = end - 297; at <= end; at += 3) {
      for (const mask of [1 << (at % 8), bytes[at] ?? 0]) {
        if (mask === 0) continue;
        const flipped = Buffer.from(bytes);
        flipped[at] = (flipped[at] ?? 0) ^ mask;
        writeFileSync(join(directory, last), flipped);
        const said = await verdict(directory, entries);
        // (The line end behind the last entry is known.)
        if (said !== "the same" || at !== end) expect(said).toContain(`${last} at byte`);
      }
    }
  });

  test("a tail that is cut off anywhere is named", async () => {
    const { directory, entries } = await killedStore();
    const random = seededRandom(14);
    for (let count = 0; count < 30; count++) {
      const copy = copyOf(directory);
      const names = readdirSync(copy);
      const name = names[random(names.length)] ?? "";
      const { length } = readFileSync(join(copy, name));
      truncateSync(join(copy, name), random(length));
      expect(await verdict(copy, entries)).toContain(`${name} at byte`);
      removeDirectory(copy);
    }
  });

  test("a file that is emptied or missing is named", async () => {
    const { directory, entries } = await killedStore();
    for (const name of readdirSync(directory)) {
      for (const fault of [truncateSync, unlinkSync]) {
        const copy = copyOf(directory);
        fault(join(copy, name));
        expect(await verdict(copy, entries)).toContain(`${name} at byte`);
      }
    }
  });

  test("an append that was cut at any byte is no damage, and leaves the others whole", async () => {
    const { directory, entries } = await killedStore();
    const last = lastSegment(directory);
    const before = readFileSync(join(directory, last));
    const from = before.findLastIndex((byte) => byte !== 0) + 1;
    const store = fileStore(directory, { segmentBytes });
    await store.open(OWNER);
    await store.append([entry("torn", `<message>${"y".repeat(600)}</message>`)]);
    const after = readFileSync(join(directory, last));
    await store.close();
    const to = after.findLastIndex((byte) => byte !== 0);
    expect(to - from).toBeGreaterThan(600);
    for (let at = from; at < to; at += 1 + (at % 37)) {
      const copy = copyOf(directory);
      writeFileSync(join(copy, last), Buffer.concat([after.subarray(0, at), before.subarray(at)]));
      const again = fileStore(copy, { segmentBytes });
      expect(await contentOf(again), `cut at ${at}`).toEqual(entries);
      // It goes on behind the torn one.
      await again.open(OWNER);
      await again.append([entry("next")]);
      await again.close();
      expect(await contentOf(again)).toEqual([...entries, entry("next")]);
      removeDirectory(copy);
    }
    // Power may fail between any two sectors.
    for (let sector = Math.ceil(from / 512); (sector + 1) * 512 < to; sector++) {
      const copy = copyOf(directory);
      const bytes = Buffer.from(after).fill(0, sector * 512, (sector + 1) * 512);
      writeFileSync(join(copy, last), bytes);
      expect(await contentOf(fileStore(copy, { segmentBytes }))).toEqual(entries);
    }
  });

  test.each([
    ["entries", '{"key":"a"'],
    ["entries", '{"key":7,"text":""}'],
    ["late", "null"],
    ["removed", "[1,"],
    ["removed", '["a"]'],
  ] as const)(
    "a batch of %s whose checksum fits and whose line is %s is named",
    async (kind, line) => {
      const directory = withBatch(kind, line);
      expect(await verdict(directory, [])).toMatch(
        /0000000001\.log at byte \d+: a line of it is no/,
      );
    },
  );

  test("a removal of all numbers that there are takes no time", async () => {
    expect(await verdict(withBatch("removed", `[0,${2 ** 53}]`), [])).toBe("the same");
    const directory = withBatch("removed", `[0,${2 ** 53}]`);
    expect(await lookAt(directory)).toMatchObject({ waiting: 0, losses: [] });
    expect(await salvage(directory, undefined)).toMatchObject({ kept: 0, losses: [] });
  });

  test("a store that was refused is left as it is", async () => {
    const { directory } = await killedStore();
    const last = lastSegment(directory);
    const bytes = readFileSync(join(directory, last));
    bytes[600] = (bytes[600] ?? 0) ^ 1;
    writeFileSync(join(directory, last), bytes);
    const look = () =>
      readdirSync(directory).map((name) => [name, readFileSync(join(directory, name))]);
    const before = look();
    for (let count = 0; count < 2; count++) {
      const opening = fileStore(directory).open(OWNER);
      await expect(opening).rejects.toMatchObject({ code: "STORE_DAMAGED", retryable: false });
    }
    expect(look()).toEqual(before);
  });
});

/** A store with one entry `first`, and a batch behind it. */
function withBatch(kind: BatchKind, line: string): string {
  const directory = newDirectory();
  const first = encodeBatch("entries", [JSON.stringify(entry("first"))], 0, 0, 0);
  const batch = encodeBatch(kind, [line], 1, 1, 1);
  const head = { version: 1, segment: 1, bytes: 4096, first: 1, before: null };
  const log = Buffer.concat([checkedLine(head, 512), first, batch, Buffer.alloc(4096)]);
  writeFileSync(join(directory, "0000000001.log"), log.subarray(0, 4096));
  const owner = checkedLine({ version: 1, identity: OWNER }, 4096);
  const manifest = Buffer.concat([owner, checkedLine({ first: 1, last: 1 }, 512)]);
  writeFileSync(join(directory, "manifest"), manifest);
  return directory;
}

function removeDirectory(directory: string): void {
  rmSync(directory, { recursive: true });
}

function lastSegment(directory: string): string {
  return (
    readdirSync(directory)
      .filter((name) => name.endsWith(".log"))
      .sort()
      .at(-1) ?? ""
  );
}
