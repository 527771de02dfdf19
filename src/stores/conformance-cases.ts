import { BrokerError, isBrokerError } from "../base/errors.ts";
import type { OutboxStore, StoredEntry } from "../contract/store.ts";

/** A place that holds the entries of a store: a directory, a database, a table. */
export interface StorePlace {
  /** Makes a store on this place, each time a new one: as a process does when it starts. */
  readonly store: () => OutboxStore;
  /**
   * Makes a copy of the place as it is now: what a process would leave that is killed in this moment. The store that is
   * open may stay so. Without it a store that calls something durable too early is not found.
   */
  readonly killed?: (() => StorePlace | Promise<StorePlace>) | undefined;
  /** Removes the place after a case. */
  readonly remove?: (() => unknown) | undefined;
}

const OWNER = "xmpp juliet@verona.example";
const OTHER = "xmpp romeo@verona.example";

/** An entry; its text has all that a text may have. */
function entry(key: string, more: Partial<StoredEntry> = {}): StoredEntry {
  const text = `<message id='${key}'><body>“${key}”\nanother line\tand \u{1f339}</body></message>`;
  return { key, kind: "message", text, sent: 1_700_000_000_123, tries: 0, ...more };
}

const many = (count: number, from = 0): StoredEntry[] =>
  Array.from({ length: count }, (_, index) => entry(`key ${from + index}`));

const keysOf = (entries: readonly StoredEntry[]): string[] => entries.map(({ key }) => key);

async function all(entries: AsyncIterable<StoredEntry>): Promise<StoredEntry[]> {
  const found: StoredEntry[] = [];
  for await (const each of entries) found.push(each);
  return found;
}

/** Opens a store, reads it, does something with it, and closes it. Returns the entries that were there. */
async function during(
  place: StorePlace,
  action: (open: OutboxStore) => unknown = () => undefined,
): Promise<StoredEntry[]> {
  const open = place.store();
  const { entries } = await open.open(OWNER);
  try {
    const found = await all(entries);
    await action(open);
    return found;
  } finally {
    await open.close();
  }
}

function same(what: string, found: unknown, wanted: unknown): void {
  const [got, due] = [found, wanted].map((value) => JSON.stringify(inOrder(value)));
  if (got !== due) throw new BrokerError("STORE_UNFIT", `${what}: found ${got}, wanted ${due}`);
}

/** The same value with the members of its objects in the order of their names: a store may keep them in any. */
function inOrder(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(inOrder);
  if (typeof value !== "object" || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== undefined);
  members.sort(([one], [other]) => (one < other ? -1 : 1));
  return Object.fromEntries(members.map(([name, member]) => [name, inOrder(member)]));
}

async function rejects(what: string, call: () => Promise<unknown>, code?: string): Promise<void> {
  try {
    await call();
  } catch (thrown) {
    const found = isBrokerError(thrown) ? thrown.code : "another error";
    if (code !== undefined) same(`the code when ${what}`, found, code);
    return;
  }
  throw new BrokerError("STORE_UNFIT", `it did not reject when ${what}`);
}

/** The cases by their names. */
export const CASES: Readonly<Record<string, (place: StorePlace) => Promise<void>>> = {
  "a new store is empty": async (place) => {
    same("the entries", await during(place), []);
    same("the entries at the second start", await during(place), []);
  },
  "entries are there at the next start, in order and unchanged": async (place) => {
    const given = [
      entry("b", { expires: 1_700_000_300_000 }),
      entry("a", { tries: 2 }),
      entry("c"),
    ];
    await during(place, (store) => store.append(given));
    same("the entries", await during(place), given);
    same("the entries at the third start", await during(place), given);
  },
  "members that a store does not know are kept": async (place) => {
    const given = entry("a", { later: { than: ["this", 1, null, true] }, "": "empty" });
    await during(place, (store) => store.append([given]));
    same("the entry", await during(place), [given]);
  },
  "each append goes behind those before": async (place) => {
    await during(place, async (store) => {
      await store.append(many(3));
      await store.append(many(2, 3));
    });
    await during(place, (store) => store.append(many(1, 5)));
    same("the keys", keysOf(await during(place)), keysOf(many(6)));
  },
  "appends of one turn keep the order of their calls": async (place) => {
    await during(place, async (store) => {
      await Promise.all(many(100).map((each) => store.append([each])));
    });
    same("the keys", keysOf(await during(place)), keysOf(many(100)));
  },
  "an append of nothing does nothing": async (place) => {
    await during(place, (store) => store.append([]));
    same("the entries", await during(place), []);
  },
  "a thousand entries, and a large one, fit into one append": async (place) => {
    const large = entry("large", {
      text: `<message><body>${"ü".repeat(150_000)}</body></message>`,
    });
    await during(place, (store) => store.append([...many(1000), large]));
    const found = await during(place);
    same("the keys", keysOf(found), [...keysOf(many(1000)), "large"]);
    same("the large one", found[1000], large);
  },
  "removed entries are gone, and the others keep their order": async (place) => {
    await during(place, async (store) => {
      await store.append(many(6));
      await store.remove(["key 1", "key 4", "key 0"]);
    });
    same("the keys", keysOf(await during(place)), ["key 2", "key 3", "key 5"]);
    await during(place, (store) => store.remove(["key 3"]));
    same("the keys at the next start", keysOf(await during(place)), ["key 2", "key 5"]);
  },
  "the removal of a key that is not there does nothing": async (place) => {
    await during(place, async (store) => {
      await store.append(many(1));
      await store.remove(["another", "another"]);
      await store.remove([]);
    });
    same("the keys", keysOf(await during(place)), ["key 0"]);
  },
  "a key that is there is passed over: its first entry stays": async (place) => {
    const [first, second] = [entry("a", { tries: 1 }), entry("a", { tries: 2 })];
    await during(place, async (store) => {
      await store.append([first]);
      await store.append([second, entry("b")]);
    });
    same("the entries", await during(place), [first, entry("b")]);
    await during(place, (store) => store.append([second, entry("c")]));
    same("the entries at the next start", await during(place), [first, entry("b"), entry("c")]);
  },
  "a key can be used again once it is removed": async (place) => {
    await during(place, async (store) => {
      await store.append(many(2));
      await store.remove(["key 0"]);
      await store.append([entry("key 0", { tries: 7 })]);
    });
    same("the entries", await during(place), [entry("key 1"), entry("key 0", { tries: 7 })]);
  },
  "what is appended while the store is read comes at the next start": async (place) => {
    await during(place, (store) => store.append(many(3)));
    const store = place.store();
    const found: string[] = [];
    try {
      for await (const { key } of (await store.open(OWNER)).entries) {
        found.push(key);
        if (found.length === 1) await store.append([entry("new"), entry("key 2", { tries: 5 })]);
      }
    } finally {
      await store.close();
    }
    same("the keys that were read", found, ["key 0", "key 1", "key 2"]);
    same("the entries at the next start", await during(place), [...many(3), entry("new")]);
    await during(place, (again) => again.remove(["key 2", "key 0"]));
    same("the keys in the end", keysOf(await during(place)), ["key 1", "new"]);
  },
  "what is read can be removed while the store is read": async (place) => {
    await during(place, (store) => store.append(many(50)));
    const store = place.store();
    const found: string[] = [];
    try {
      for await (const { key } of (await store.open(OWNER)).entries) {
        found.push(key);
        if (found.length < 50) await store.remove([key]);
      }
    } finally {
      await store.close();
    }
    same("the keys that were read", found, keysOf(many(50)));
    same("the keys in the end", keysOf(await during(place)), ["key 49"]);
  },
  "what is removed before it is read is not read": async (place) => {
    await during(place, (store) => store.append(many(3)));
    const store = place.store();
    const found: string[] = [];
    try {
      const { entries } = await store.open(OWNER);
      await store.remove(["key 1"]);
      for await (const { key } of entries) found.push(key);
    } finally {
      await store.close();
    }
    same("the keys that were read", found, ["key 0", "key 2"]);
    same("the keys in the end", keysOf(await during(place)), ["key 0", "key 2"]);
  },
  "what is removed is gone, also where nobody reads": async (place) => {
    await during(place, (store) => store.append(many(3)));
    const store = place.store();
    await store.open(OWNER);
    await store.remove(["key 1"]);
    await store.close();
    same("the keys", keysOf(await during(place)), ["key 0", "key 2"]);
  },
  "entries that nobody reads stay": async (place) => {
    await during(place, (store) => store.append(many(3)));
    const store = place.store();
    await store.open(OWNER);
    await store.append(many(1, 3));
    await store.close();
    same("the keys", keysOf(await during(place)), keysOf(many(4)));
  },
  "a store of another identity is refused": async (place) => {
    await during(place, (store) => store.append(many(1)));
    await rejects("another identity opens it", () => place.store().open(OTHER), "STORE_FOREIGN");
    same("the keys", keysOf(await during(place)), ["key 0"]);
  },
  "a store that is open is refused to others, and free once it is closed": async (place) => {
    await during(place, async (store) => {
      await rejects("it is open elsewhere", () => place.store().open(OWNER), "STORE_LOCKED");
      await store.append(many(1));
    });
    same("the keys", keysOf(await during(place)), ["key 0"]);
  },
  "a store can be opened again, and closed twice": async (place) => {
    const store = place.store();
    for (const [index, each] of many(3).entries()) {
      const { entries } = await store.open(OWNER);
      same("the keys", keysOf(await all(entries)), keysOf(many(index)));
      await store.append([each]);
      await store.close();
      await store.close();
    }
  },
  "what is appended outlives a process that is killed then": async (place) => {
    const killed = place.killed?.bind(place);
    if (killed === undefined) return;
    await during(place, async (store) => {
      for (const count of [1, 2, 3]) {
        await store.append([entry(`key ${count}`), entry(`other ${count}`)]);
        const left = keysOf(await during(await killed()));
        const due = many(count, 1).flatMap((each) => [each.key, each.key.replace("key", "other")]);
        same("the keys after a kill", left, due);
      }
    });
  },
  "a process that is killed during an append leaves all of it, or nothing": async (place) => {
    const killed = place.killed?.bind(place);
    if (killed === undefined) return;
    await during(place, async (store) => {
      const appending = store.append(many(20));
      const copies: StorePlace[] = [];
      for (let count = 0; count < 10; count++) copies.push(await killed());
      await appending;
      for (const copy of copies) {
        const left = keysOf(await during(copy));
        same("the keys after a kill", left, left.length === 0 ? [] : keysOf(many(20)));
      }
    });
  },
  "a store that is not open takes nothing": async (place) => {
    const store = place.store();
    await rejects("it was never open", () => store.append(many(1)));
    await store.open(OWNER);
    await store.close();
    await rejects("it is closed", () => store.append(many(1)));
    same("the entries", await during(place), []);
  },
};
