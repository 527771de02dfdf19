import { nothing, onAbort } from "../base/abort.ts";
import type { Clock } from "../base/clock.ts";
import { deferred } from "../base/deferred.ts";
import { BrokerError, detailOf, isBrokerError } from "../base/errors.ts";
import { readHost } from "../base/text/host-name.ts";
import type { Dns } from "./dns.ts";
import { allows, type Endpoint, isEndpoint, type Lookup } from "./endpoint.ts";

/** The services that a client asks for (RFC 6120, 3.2.1; XEP-0368), and how TLS begins at each. */
const SERVICES: readonly { readonly label: string; readonly tls: Endpoint["tls"] }[] = [
  { label: "_xmpps-client._tcp", tls: "direct" },
  { label: "_xmpp-client._tcp", tls: "starttls" },
];

/**
 * How long the other service may take once one has usable records, in milliseconds. Records of both are one list by
 * priority, so a quick answer alone must not decide: the 50 ms of RFC 8305 are less than many resolvers take for a
 * name that they do not know yet. Nearly all of them answer within a second. A packet that is lost is sent again only
 * later, and is not worth waiting for.
 */
const OTHER_WAIT = 1_000;

/** The parts of a lookup in DNS. */
export interface SrvParts {
  readonly dns: Pick<Dns, "srv">;
  readonly clock: Clock;
}

/**
 * Makes the lookup of clients: `_xmpps-client._tcp` and `_xmpp-client._tcp` of a domain, both at once. Once one of
 * them has records that can be used, the other has a second more. Names are asked for in A-labels. An IP address and
 * `localhost` have no records, so DNS is not asked for them.
 *
 * The lookup rejects with `LOOKUP_FAILED` where all records say "not here" (the target is the root). It does so too,
 * retryable, where no record was found and DNS failed to answer one of the questions.
 */
export function srvLookup({ dns, clock }: SrvParts): Lookup<Endpoint> {
  return async (domain, { signal, policy, report }) => {
    const host = readHost(domain);
    if (host?.kind !== "name" || isLocalhost(host.name)) return [];
    const begun = clock.now();
    const end = new AbortController();
    const stopListening = onAbort(signal, () => {
      end.abort(signal.reason);
    });
    const late = deferred<never>();
    let stopTimer = nothing;
    const giveUp = (): void => {
      late.reject(failed(`no answer ${OTHER_WAIT} ms after the other one`));
      end.abort();
    };
    const questions = SERVICES.map(async ({ label, tls }) => {
      const name = `${label}.${host.name}`;
      try {
        const records = await Promise.race([dns.srv(name, end.signal), late.promise]);
        const found = records.map(({ name: target, port, priority, weight }): Endpoint => {
          return { host: target, port, tls, priority, weight };
        });
        const isUsable = allows(policy, tls) && found.some(isEndpoint);
        if (isUsable && stopTimer === nothing) stopTimer = clock.after(OTHER_WAIT, giveUp);
        return { found };
      } catch (cause) {
        const error = isBrokerError(cause) ? cause : failed(`DNS: ${detailOf(cause)}`, cause);
        report?.("lookup:failure", { name, error, milliseconds: clock.now() - begun });
        return { found: [], error };
      }
    });
    const answers = await Promise.all(questions);
    stopTimer();
    stopListening();
    const all = answers.flatMap(({ found }) => found);
    const endpoints = all.filter(({ host }) => !isRoot(host));
    if (endpoints.length > 0) return endpoints;
    if (all.length > 0) throw new BrokerError("LOOKUP_FAILED", "the records say: not here");
    for (const { error } of answers) if (error !== undefined) throw error;
    return [];
  };
}

/** True for the target that means "not here". Not every resolver writes the dot of the root. */
function isRoot(name: string): boolean {
  return name === "" || name === ".";
}

/** True for the names of this machine, which are never asked of DNS (RFC 6761, 6.3). */
function isLocalhost(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost");
}

function failed(detail: string, cause?: unknown): BrokerError {
  return new BrokerError("LOOKUP_FAILED", detail, { cause, retryable: true });
}
