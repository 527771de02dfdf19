import { readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { fileStore, type OutboxStore } from "../../src/store.ts";
import { seededRandom } from "../../src/testing/relay/seeded-random.ts";
import {
  contentOf,
  copyOf,
  entry,
  keysOf,
  newDirectory,
  OWNER,
  removeDirectories,
} from "../stores/place.ts";
import { Device, type Loss } from "./device.ts";

let device = new Device();

beforeEach(async () => {
  device = new Device();
  await device.start();
});

afterEach(() => {
  device.end();
  vi.restoreAllMocks();
  removeDirectories();
});

function watchedDirectory(): string {
  const directory = newDirectory();
  device.watch(directory);
  return directory;
}

const random = seededRandom(14);

/** The ways in which a loss of power leaves what was not made durable. */
const LOSSES: readonly (readonly [string, Loss])[] = [
  ["keeps all names", { names: "current", survives: () => false }],
  ["brings back the durable names", { names: "durable", survives: () => false }],
  ["keeps all sectors", { names: "durable", survives: () => true }],
  ["keeps some sectors", { names: "durable", survives: () => random(2) === 0 }],
  ["keeps many sectors", { names: "current", survives: () => random(4) > 0 }],
];

const options = { segmentBytes: 4096 };
const wide = (key: string) => entry(key, `<message id='${key}'>${"x".repeat(700)}</message>`);

/** A store at work, and the keys of what it must hold. */
class Work {
  readonly directory = watchedDirectory();
  readonly store: OutboxStore = fileStore(this.directory, options);
  readonly waiting = new Set<string>();
  readonly failed = new Set<string>();
  #count = 0;

  async append(): Promise<void> {
    const key = `key ${this.#count++}`;
    this.failed.add(key);
    await this.store.append([this.#count % 5 === 0 ? wide(key) : entry(key)]);
    this.failed.delete(key);
    this.waiting.add(key);
  }

  async remove(): Promise<void> {
    const keys = [...this.waiting];
    const key = keys[random(keys.length)];
    if (key === undefined) return;
    // (It may be there or not, from the begin of the call on.)
    this.waiting.delete(key);
    await this.store.remove([key]);
  }

  /** The store that `kill -9` leaves now is whole, holds all that waits, and nothing that failed. */
  async checkKilled(): Promise<void> {
    const left = await keysOf(fileStore(copyOf(this.directory), options));
    expect(left.filter((key) => this.waiting.has(key))).toEqual([...this.waiting]);
    expect(left.filter((key) => this.failed.has(key))).toEqual([]);
  }

  /** The store that a loss of power leaves now is whole, and holds all that waits. */
  async check(loss: Loss): Promise<void> {
    const left = await keysOf(fileStore(device.afterLoss(this.directory, loss), options));
    expect(left.filter((key) => this.waiting.has(key))).toEqual([...this.waiting]);
  }
}

describe.each(LOSSES)("a loss of power that %s", (_name, loss) => {
  test("after any call damages nothing, and loses nothing that was stored", async () => {
    const work = new Work();
    await work.store.open(OWNER);
    await work.check(loss);
    for (let count = 0; count < 60; count++) {
      await (count % 20 < 8 ? work.append() : work.remove());
      await work.check(loss);
    }
    await work.store.close();
    await work.check(loss);
  });

  test("before any call of the system does neither", async () => {
    const work = new Work();
    const left: { directory: string; due: string[] }[] = [];
    device.fails = () => {
      if (left.length >= 400) return undefined;
      const due = [...work.waiting];
      left.push({ directory: device.afterLoss(work.directory, loss), due });
      return undefined;
    };
    await work.store.open(OWNER);
    for (let count = 0; count < 40; count++) {
      await (count % 20 < 9 ? work.append() : work.remove());
    }
    await work.store.close();
    device.fails = () => undefined;
    expect(left.length).toBeGreaterThan(50);
    for (const { directory, due } of left) {
      const keys = await keysOf(fileStore(directory, options));
      expect(keys.filter((key) => due.includes(key))).toEqual(due);
    }
  });
});

describe("a disk that fails to make something durable", () => {
  test.each(LOSSES.map(([name, loss], index) => [name, loss, index % 2] as const))(
    "and then loses power, which %s: the store is whole, and holds all that was stored",
    async (_name, loss, from) => {
      const failed: number[] = [];
      for (let at = 1 + from; at <= 36; at += 2) {
        const work = new Work();
        await work.store.open(OWNER);
        let calls = 0;
        device.fails = (call) => {
          const counts = call === "sync" || call === "datasync" || call === "write";
          if (!counts || ++calls !== at) return undefined;
          failed.push(at);
          return Object.assign(new Error("i/o error"), { code: "EIO" });
        };
        for (let count = 0; count < 20; count++) {
          await (count % 10 < 6 ? work.append() : work.remove()).catch((error: unknown) => {
            expect(error).toMatchObject({ code: "STORE_FAILED", retryable: true });
          });
          if (failed.at(-1) === at) await work.checkKilled();
        }
        device.fails = () => undefined;
        await work.check(loss);
        await work.checkKilled();
        await work.store.close();
        await work.check(loss);
      }
      expect(failed.length).toBeGreaterThan(10);
    },
  );
});

test("the content that a killed process has left is durable once it is found", async () => {
  const killed = newDirectory();
  const writer = fileStore(killed, options);
  await writer.open(OWNER);
  await writer.append([wide("a"), wide("b")]);
  // (The disk has nothing of these files yet.)
  const next = copyOf(killed, watchedDirectory());
  expect(await keysOf(fileStore(next, options))).toEqual(["a", "b"]);
  const log = join(next, "0000000001.log");
  expect(device.contentOf(log)?.equals(readFileSync(log))).toBe(true);
  await writer.close();
});

test("the name of a new directory is durable, and those of its parents", async () => {
  const directory = join(watchedDirectory(), "deep", "outbox");
  const deep = dirname(directory);
  device.watch(deep);
  await contentOf(fileStore(directory));
  expect(device.namesOf(deep)).toEqual([basename(directory)]);
  expect(device.namesOf(dirname(deep))).toEqual([basename(deep)]);
});
