// A store of one's own for the outbox, on node:sqlite (Node 22.13 and later): an object with four calls.
//
//   new Broker({ dialect, reconnect: true, queue: { store: sqliteStore("outbox.sqlite") } })
//
// `storeCases` of xmpp-broker/store are its tests, as of any other store.
import { DatabaseSync } from "node:sqlite";
import { BrokerError } from "xmpp-broker";

const SCHEMA = `
  PRAGMA locking_mode = EXCLUSIVE;
  PRAGMA synchronous = FULL;
  CREATE TABLE IF NOT EXISTS owner (identity TEXT NOT NULL);
  CREATE TABLE IF NOT EXISTS outbox (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    entry TEXT NOT NULL
  );
`;

export function sqliteStore(file) {
  let database;
  const isOpen = () => {
    if (database === undefined) throw new BrokerError("STORE_FAILED", "the store is not open");
    return database;
  };

  /** All or nothing, and on disk when it returns. */
  const inTransaction = (action) => {
    const open = isOpen();
    open.exec("BEGIN IMMEDIATE");
    try {
      action(open);
      open.exec("COMMIT");
    } catch (error) {
      open.exec("ROLLBACK");
      throw error;
    }
  };

  return {
    async open(identity) {
      if (database !== undefined) throw new BrokerError("STORE_LOCKED", file);
      const opened = new DatabaseSync(file);
      try {
        opened.exec(SCHEMA);
        // A write takes the lock, which this connection then keeps.
        const owner = opened.prepare("SELECT identity FROM owner").get()?.identity;
        if (owner === undefined) opened.prepare("INSERT INTO owner VALUES (?)").run(identity);
        else if (owner !== identity) throw new BrokerError("STORE_FOREIGN", `it is of ${owner}`);
        opened.prepare("UPDATE owner SET identity = ?").run(identity);
      } catch (error) {
        opened.close();
        if (/locked/.test(error.message)) throw new BrokerError("STORE_LOCKED", file);
        throw error;
      }
      database = opened;
      return { entries: entriesOf(opened, () => database === opened) };
    },

    async append(entries) {
      inTransaction((open) => {
        const insert = open.prepare("INSERT OR IGNORE INTO outbox (key, entry) VALUES (?, ?)");
        for (const entry of entries) insert.run(entry.key, JSON.stringify(entry));
      });
    },

    async remove(keys) {
      inTransaction((open) => {
        const remove = open.prepare("DELETE FROM outbox WHERE key = ?");
        for (const key of keys) remove.run(key);
      });
    },

    async close() {
      database?.close();
      database = undefined;
    },
  };
}

/** The entries that are there now, one at a time: one that was removed meanwhile is not read. */
async function* entriesOf(database, isOpen) {
  const { last } = database.prepare("SELECT max(place) AS last FROM outbox").get();
  const next = database.prepare(
    "SELECT place, entry FROM outbox WHERE place > ? AND place <= ? ORDER BY place LIMIT 1",
  );
  for (let place = 0; isOpen(); ) {
    const row = next.get(place, last ?? 0);
    if (row === undefined) return;
    yield JSON.parse(row.entry);
    place = row.place;
  }
}
