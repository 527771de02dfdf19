/** One stanza in a store. A store keeps members that it does not know: later versions may add some. */
export interface StoredEntry {
  /** The key of the delivery. No two entries of a store have the same. */
  readonly key: string;
  /** The name of the element: `message`, `presence`, `iq`. */
  readonly kind: string;
  /** The stanza as XML, without what the stream declares around it. */
  readonly text: string;
  /** When it was sent, in milliseconds since 1970. */
  readonly sent: number;
  /** When it expires, in milliseconds since 1970. Left out: never. */
  readonly expires?: number | undefined;
  /** How often it had been sent when it was stored. */
  readonly tries: number;
  readonly [member: string]: unknown;
}

/** The step that follows when a store takes nothing any more. */
export type StoreFailure = "stop" | "memory";

/**
 * A place for stanzas that must survive the process: the option `queue.store`. `fileStore` of `xmpp-broker/store` is
 * one; `storeCases` of the same entry are tests for one of your own. A broker makes one call at a time, except that
 * it reads the entries while it calls. Rejections that are no `BrokerError` reach the program as `STORE_FAILED`.
 */
export interface OutboxStore {
  /**
   * When `append` rejects, the broker fails these deliveries and goes on. `stop`: it ends its run with the error.
   * `memory`: it sends them without the store, and `stored()` rejects. Default: it goes on.
   */
  readonly onFailure?: StoreFailure | undefined;
  /**
   * Opens the store for the broker with this identity: its dialect and its own address. Resolves with the entries that
   * it holds, oldest first; they are read once, and lazily. Rejects with `STORE_FOREIGN` where the store belongs to
   * another identity, and with `STORE_LOCKED` where another broker has it open.
   */
  open(identity: string): Promise<{ readonly entries: AsyncIterable<StoredEntry> }>;
  /**
   * Adds entries behind all others: all or none. They are durable when it resolves. An entry whose key the store has
   * already is passed over.
   */
  append(entries: readonly StoredEntry[]): Promise<void>;
  /**
   * Removes entries. One that was not read yet is not read any more. Keys that the store does not have are passed over.
   * A crash may undo it: then these stanzas are sent again with their ids.
   */
  remove(keys: readonly string[]): Promise<void>;
  /** Lets others open it. It can be opened again. */
  close(): Promise<void>;
}
