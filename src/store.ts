// The entry `xmpp-broker/store`: the store of files, and the conformance test for a store of one's own.

export type { OutboxStore, StoredEntry, StoreFailure } from "./contract/store.ts";
export { type StoreCase, storeCases } from "./stores/conformance.ts";
export type { StorePlace } from "./stores/conformance-cases.ts";
export { type FileStoreOptions, fileStore } from "./stores/file-store.ts";
