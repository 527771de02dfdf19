import { BrokerError } from "../../src/base/errors.ts";
import type { OutboxStore, StoredEntry, StoreFailure } from "../../src/contract/store.ts";

/** A place in memory for entries, which outlives the brokers of a test, and fails as a test wants it. */
export class MemoryPlace {
  entries: StoredEntry[] = [];
  /** The calls so far: `append a b`, `remove a`, `open …`, `close`. */
  readonly calls: string[] = [];
  /** How many of the entries that were found have been read. */
  read = 0;
  /** Set: `append` rejects with it. */
  failure: unknown;
  /** Set: `open` rejects with it. */
  refusal: unknown;
  #owner: string | undefined;
  #holder: object | undefined;
  #held: Promise<void> | undefined;
  #letGo: () => void = () => undefined;

  /** Appends take their time until `letGo`. */
  hold(): void {
    this.#held = new Promise((resolve) => {
      this.#letGo = resolve;
    });
  }

  letGo(): void {
    this.#letGo();
    this.#held = undefined;
  }

  get keys(): string[] {
    return this.entries.map(({ key }) => key);
  }

  /** The process that has it open is killed. */
  kill(): void {
    this.#holder = undefined;
    this.#letGo = () => undefined;
    this.#held = undefined;
  }

  store(onFailure?: StoreFailure): OutboxStore {
    const self: OutboxStore = {
      onFailure,
      open: async (identity) => {
        await Promise.resolve();
        this.calls.push(`open ${identity}`);
        if (this.refusal !== undefined) throw this.refusal as Error;
        if (this.#holder !== undefined) throw new BrokerError("STORE_LOCKED");
        this.#owner ??= identity;
        if (this.#owner !== identity) throw new BrokerError("STORE_FOREIGN");
        this.#holder = self;
        return { entries: this.#readAll([...this.entries]) };
      },
      append: async (entries) => {
        this.calls.push(["append", ...entries.map(({ key }) => key)].join(" "));
        await this.#held;
        if (this.#holder !== self) throw new BrokerError("STORE_FAILED", "the store is not open");
        if (this.failure !== undefined) throw this.failure as Error;
        const { keys } = this;
        const copies = entries.map((entry) => JSON.parse(JSON.stringify(entry)) as StoredEntry);
        this.entries.push(...copies.filter(({ key }) => !keys.includes(key)));
      },
      remove: async (keys) => {
        await Promise.resolve();
        if (keys.length > 0) this.calls.push(["remove", ...keys].join(" "));
        const gone = new Set(keys);
        this.entries = this.entries.filter(({ key }) => !gone.has(key));
      },
      close: async () => {
        await Promise.resolve();
        if (this.#holder !== self) return;
        this.calls.push("close");
        this.#holder = undefined;
      },
    };
    return self;
  }

  async *#readAll(found: readonly StoredEntry[]): AsyncGenerator<StoredEntry> {
    for (const entry of found) {
      await Promise.resolve();
      if (!this.entries.includes(entry)) continue;
      this.read++;
      yield entry;
    }
  }
}
