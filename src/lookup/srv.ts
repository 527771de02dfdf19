import { BrokerError, detailOf } from "../base/errors.ts";
import { readHost } from "../base/text/host-name.ts";
import type { Dns } from "./dns.ts";
import type { Endpoint, Lookup } from "./endpoint.ts";

/** The services that a client asks for (RFC 6120, 3.2.1; XEP-0368), and how TLS begins at each. */
const SERVICES: readonly { readonly label: string; readonly tls: Endpoint["tls"] }[] = [
  { label: "_xmpps-client._tcp", tls: "direct" },
  { label: "_xmpp-client._tcp", tls: "starttls" },
];

/**
 * Makes the lookup of clients: `_xmpps-client._tcp` and `_xmpp-client._tcp` of a domain, both at once. Names are asked
 * for in A-labels. An IP address and `localhost` have no records, so DNS is not asked for them.
 *
 * The lookup rejects with `LOOKUP_FAILED` where all records say "not here" (the target is the root). It does so too,
 * retryable, where no record was found and DNS failed to answer one of the questions.
 */
export function srvLookup(dns: Pick<Dns, "srv">): Lookup<Endpoint> {
  return async (domain, { signal }) => {
    const host = readHost(domain);
    if (host?.kind !== "name" || isLocalhost(host.name)) return [];
    const answers = await Promise.allSettled(
      SERVICES.map(({ label }) => dns.srv(`${label}.${host.name}`, signal)),
    );
    const endpoints: Endpoint[] = [];
    let hasRecords = false;
    for (const [index, answer] of answers.entries()) {
      const { tls = "starttls" } = SERVICES[index] ?? {};
      if (answer.status === "rejected") continue;
      for (const { name, port, priority, weight } of answer.value) {
        hasRecords = true;
        // Not every resolver writes the dot of the root.
        if (name !== "" && name !== ".")
          endpoints.push({ host: name, port, tls, priority, weight });
      }
    }
    if (endpoints.length > 0) return endpoints;
    if (hasRecords) throw new BrokerError("LOOKUP_FAILED", "the records say: not here");
    for (const answer of answers) if (answer.status === "rejected") throw failed(answer.reason);
    return [];
  };
}

/** True for the names of this machine, which are never asked of DNS (RFC 6761, 6.3). */
function isLocalhost(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}

function failed(cause: unknown): BrokerError {
  const facts = { cause, retryable: true };
  return new BrokerError("LOOKUP_FAILED", `DNS: ${detailOf(cause)}`, facts);
}
