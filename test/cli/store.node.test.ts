import { cpSync, mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { run as runCommand } from "../../src/cli/run.ts";
import { fileStore } from "../../src/store.ts";
import { encodeBatch } from "../../src/stores/batch.ts";
import { checkedLine } from "../../src/stores/checked-line.ts";
import { entry, keysOf, newDirectory, OWNER, removeDirectories } from "../stores/place.ts";

afterEach(removeDirectories);

async function run(argv: readonly string[], columns = 80) {
  const out: string[] = [];
  const err: string[] = [];
  const status = await runCommand(argv, {
    out: (text) => void out.push(text),
    err: (text) => void err.push(text),
    columns,
    env: {},
    colours: false,
    ask: undefined,
  });
  return { status, out: out.join(""), err: err.join("") };
}

/** A store of three files with 30 stanzas, of which `key 3` and `key 20` are removed. */
async function madeStore(): Promise<string> {
  const directory = newDirectory();
  const store = fileStore(directory, { segmentBytes: 4096 });
  await store.open(OWNER);
  for (let count = 0; count < 30; count++) {
    await store.append([entry(`key ${count}`, `<message>${"x".repeat(200)}</message>`)]);
  }
  await store.remove(["key 3", "key 20"]);
  await store.close();
  return directory;
}

/** Spoils the byte of a text in a file of the log. */
function spoil(directory: string, text: string): string {
  for (const name of readdirSync(directory)) {
    const bytes = readFileSync(join(directory, name));
    const at = bytes.indexOf(text);
    if (!name.endsWith(".log") || at < 0) continue;
    bytes[at] = (bytes[at] ?? 0) ^ 1;
    writeFileSync(join(directory, name), bytes);
    return name;
  }
  throw new TypeError(`no file holds ${text}`);
}

const allKeys = Array.from({ length: 30 }, (_, index) => `key ${index}`);
const without = (...keys: string[]) => allKeys.filter((key) => !keys.includes(key));

describe("store look", () => {
  test("says what is in a store, and changes nothing", async () => {
    const directory = await madeStore();
    const before = readdirSync(directory);
    const { status, out, err } = await run(["store", "look", directory]);
    expect([status, err]).toEqual([0, ""]);
    expect(out).toContain(OWNER);
    expect(out).toMatch(/0000000001\.log +4096 bytes +\d+ stanzas +\d+ wait/);
    expect(out).toContain("28 stanzas wait  the oldest since 2023-11-14T22:13:20.000Z");
    expect(out).toContain("whole");
    expect(readdirSync(directory)).toEqual(before);
  });

  test.each([20, 80])("fits into %i columns", async (columns) => {
    const { out } = await run(["store", "look", await madeStore()], columns);
    const wide = out
      .split("\n")
      .filter((line) => line.length > columns && /\S\s/.test(line.trim()));
    expect(wide).toEqual([]);
  });

  test("names the holder of the lock, and says when it is gone", async () => {
    const directory = await madeStore();
    const store = fileStore(directory);
    await store.open(OWNER);
    const held = await run(["store", "look", directory]);
    const lock = readFileSync(join(directory, "lock"), "utf8");
    await store.close();
    expect(held.out).toMatch(new RegExp(`locked by process ${process.pid} on \\S+\\n`));
    // No process has a number above 2^22 on Linux.
    const holder = JSON.parse(lock) as Record<string, unknown>;
    writeFileSync(join(directory, "lock"), JSON.stringify({ ...holder, pid: 2 ** 30 }));
    const dead = await run(["store", "look", directory]);
    expect(dead.out).toContain(`locked by process ${2 ** 30} on`);
    expect(dead.out).toContain("which is gone");
  });

  test("counts one stanza", async () => {
    const directory = newDirectory();
    const store = fileStore(directory);
    await store.open(OWNER);
    await store.append([entry("key", "<message/>")]);
    await store.close();
    expect((await run(["store", "look", directory])).out).toContain("1 stanza waits");
    expect((await run(["store", "salvage", directory])).out).toContain("1 stanza kept");
  });

  test("names the damage and ends with 1", async () => {
    const directory = await madeStore();
    const name = spoil(directory, '"key 5"');
    const { status, out, err } = await run(["store", "look", directory]);
    expect(status).toBe(1);
    expect(out).toContain(`${name} at byte`);
    expect(err).toMatch(new RegExp(`^xmpp-broker: STORE_DAMAGED: .*${name} at byte \\d+`));
    expect(out).toContain("27 stanzas wait");
  });
});

/** Makes zeros of the end of the first file, from the batch with its last stanza on. */
function cutEnd(directory: string): string {
  const name = "0000000001.log";
  const bytes = readFileSync(join(directory, name));
  bytes.fill(0, bytes.lastIndexOf("XOB1"));
  writeFileSync(join(directory, name), bytes);
  return name;
}

test.each(["look", "salvage"])("store %s names the end that a file has lost", async (command) => {
  const directory = await madeStore();
  const name = cutEnd(directory);
  const { out } = await run(["store", command, directory], 200);
  expect(out).toMatch(new RegExp(`${name} at byte \\d+ +it ended at byte \\d+`));
});

describe("store salvage", () => {
  test.each([
    [
      "one stanza",
      (directory: string) => spoil(directory, '"key 5"'),
      without("key 3", "key 5", "key 20"),
    ],
    ["the removals", (directory: string) => spoil(directory, "[4,4,21,21]"), allKeys],
    [
      "the head of a file",
      (directory: string) => {
        truncateSync(join(directory, "0000000001.log"), 0);
      },
      allKeys.slice(10).filter((key) => key !== "key 20"),
    ],
  ])("keeps what is whole where %s is damaged", async (_name, damage, kept) => {
    const directory = await madeStore();
    damage(directory);
    const { status, out, err } = await run(["store", "salvage", directory]);
    expect([status, err]).toEqual([0, ""]);
    expect(out).toContain(`${kept.length} stanzas kept`);
    expect(await keysOf(fileStore(directory))).toEqual(kept);
    const aside = readdirSync(directory).filter((name) => name.startsWith("damaged-"));
    expect(readdirSync(join(directory, aside[0] ?? "")).sort()).toContain("manifest");
    expect((await run(["store", "look", directory])).status).toBe(0);
  });

  test("needs the owner where the manifest is damaged", async () => {
    const directory = await madeStore();
    truncateSync(join(directory, "manifest"), 0);
    const copy = newDirectory();
    cpSync(directory, copy, { recursive: true });
    const refused = await run(["store", "salvage", directory]);
    expect([refused.status, refused.err]).toEqual([1, expect.stringContaining("STORE_DAMAGED")]);
    expect(refused.err).toContain("give --dialect, and --jid or --domain");
    expect(readdirSync(directory)).toEqual(readdirSync(copy));
    const owner = ["--dialect", "xmpp", "--jid", "juliet@verona.example/balcony"];
    expect((await run(["store", "salvage", directory, ...owner])).status).toBe(0);
    expect(await keysOf(fileStore(directory))).toEqual(without("key 3", "key 20"));
  });

  test.each([[[]], [["--dialect", "xmpp", "--jid", "juliet@verona.example"]]])(
    "makes no store where there is none, with %j",
    async (owner) => {
      const directory = newDirectory();
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, "letter.txt"), "wherefore");
      const { status, err } = await run(["store", "salvage", directory, ...owner]);
      expect([status, err]).toEqual([1, expect.stringContaining("there is no store in")]);
      expect(readdirSync(directory)).toEqual(["letter.txt"]);
    },
  );

  test("leaves a store of a later version as it is", async () => {
    const directory = await madeStore();
    const manifest = join(directory, "manifest");
    const bytes = readFileSync(manifest);
    checkedLine({ version: 2, identity: OWNER }, 4096).copy(bytes);
    writeFileSync(manifest, bytes);
    const before = readdirSync(directory);
    const owner = ["--dialect", "xmpp", "--jid", "juliet@verona.example"];
    for (const words of [["look"], ["salvage"], ["salvage", ...owner]]) {
      const [verb = "", ...rest] = words;
      const { status, err } = await run(["store", verb, directory, ...rest]);
      expect([status, err]).toEqual([1, expect.stringContaining("STORE_VERSION")]);
    }
    expect(readdirSync(directory)).toEqual(before);
  });

  test("keeps the others where a line of a batch cannot be read, although its checksum fits", async () => {
    const directory = await madeStore();
    const log = join(directory, "0000000001.log");
    const bytes = readFileSync(log);
    encodeBatch("entries", ["{"], 0, 0, 0).copy(bytes, 512);
    writeFileSync(log, bytes);
    expect((await run(["store", "look", directory])).out).toContain("a line of it cannot be read");
    expect((await run(["store", "salvage", directory])).status).toBe(0);
    expect((await keysOf(fileStore(directory))).slice(-3)).toEqual(["key 27", "key 28", "key 29"]);
  });

  test("is refused while a broker has the store open", async () => {
    const directory = await madeStore();
    const store = fileStore(directory);
    await store.open(OWNER);
    const { status, err } = await run(["store", "salvage", directory]);
    expect([status, err]).toEqual([1, expect.stringContaining("STORE_LOCKED")]);
    await store.close();
  });
});

test.each([
  [["store"], 2, "store needs look or salvage"],
  [["store", "look"], 2, "store look needs a directory"],
  [["store", "look", "a", "b"], 2, "b is not expected after store"],
  [["store", "look", "/no/such/directory"], 1, "STORE_FAILED"],
  [["store", "salvage", "/no/such/directory"], 1, "STORE_FAILED"],
])("%j ends with %i", async (argv, wanted, said) => {
  const { status, err } = await run(argv);
  expect(status).toBe(wanted);
  expect(err).toContain(said);
});
