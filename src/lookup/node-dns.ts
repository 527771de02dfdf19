import { lookup, Resolver } from "node:dns/promises";
import { onAbort } from "../base/abort.ts";
import type { Dns } from "./dns.ts";

/** Each server is asked twice, and has 2 and 4 seconds: less than `timeouts.lookup` by default. */
const PATIENCE = { timeout: 2_000, tries: 2 };

/** The codes of an answer that says: there is nothing of that kind, or no such name. */
const NOTHING_THERE = new Set(["ENODATA", "ENOTFOUND"]);

/**
 * Node's DNS. SRV records are asked of the name servers of the system; `resolver` makes the object that asks. Addresses
 * are asked of the system itself, so that its file of hosts counts.
 */
export function nodeDns(resolver = (): Resolver => new Resolver(PATIENCE)): Dns {
  return {
    async srv(name, signal) {
      signal.throwIfAborted();
      const asking = resolver();
      const stop = onAbort(signal, () => {
        asking.cancel();
      });
      return await orNothing(asking.resolveSrv(name)).finally(stop);
    },
    // The system cannot be told to stop: a late answer is of no interest.
    async addresses(host, family) {
      const found = await orNothing(lookup(host, { family, all: true }));
      return found.map(({ address }) => address);
    },
  };
}

async function orNothing<T>(asked: Promise<T[]>): Promise<T[]> {
  try {
    return await asked;
  } catch (thrown) {
    const { code = "" } = thrown as { readonly code?: string };
    if (NOTHING_THERE.has(code)) return [];
    throw thrown;
  }
}
