import { describe, expect, test } from "vitest";
import type { OutboxStore, StoredEntry } from "../../src/contract/store.ts";
import { line } from "../broker/line.ts";
import { message, outcome } from "../session/acks/proof-line.ts";
import { MemoryPlace } from "../stores/memory-place.ts";
import { settled } from "../virtual-clock.ts";

const entry = (key: string): StoredEntry => ({
  key,
  kind: "message",
  text: `<message id='${key}' to='juliet@example.net'><body>hi</body></message>`,
  sent: Date.UTC(2025, 11, 31),
  tries: 0,
});

/** A broker with that store, not connected. */
function made(store: OutboxStore) {
  return line({ acks: "auto", queue: { store } }, true, false);
}

const never = () => new Promise<never>(() => undefined);

describe("a store that answers no more", () => {
  test.each([
    ["append", { append: never }],
    ["remove", { remove: never }],
    ["close", { close: never }],
    ["open", { open: never }],
  ])("to %s keeps no broker from its end", async (_name, fault) => {
    const place = new MemoryPlace();
    const store = { ...place.store(), ...fault };
    const { broker, clock } = made(store);
    broker.send(message("first"), { key: "first" });
    await settled();
    broker.queue.clear();
    broker.send(message("a"));
    const ended = outcome(broker.shutdown());
    for (let count = 0; count < 20; count++) {
      clock.advance(10_000);
      await settled();
    }
    expect(ended.now).toBe("resolved");
  });
});

test("what an earlier opening of the store still reads is not found", async () => {
  const place = new MemoryPlace();
  place.entries = [entry("a"), entry("b")];
  const gates: (() => void)[] = [];
  const store: OutboxStore = {
    ...place.store(),
    open: async () => {
      await Promise.resolve();
      return {
        entries: (async function* () {
          await new Promise<void>((resolve) => gates.push(resolve));
          for (const each of [...place.entries]) yield await Promise.resolve(each);
        })(),
      };
    },
    append: () => Promise.resolve(),
  };
  const { broker } = made(store);
  broker.send(message("n"));
  await settled();
  await broker.shutdown();
  broker.send(message("m"));
  await settled();
  expect(gates).toHaveLength(2);
  gates[0]?.();
  await settled();
  expect([...broker.queue].map(({ delivery }) => delivery.key)).not.toContain("a");
  gates[1]?.();
  await settled();
  expect([...broker.queue].slice(0, 2).map(({ delivery }) => delivery.key)).toEqual(["a", "b"]);
});
