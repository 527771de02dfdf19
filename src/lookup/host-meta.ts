import { nothing, onAbort } from "../base/abort.ts";
import { BrokerError, isBrokerError } from "../base/errors.ts";
import { fetchFailure } from "../base/network/fetch-failure.ts";
import { readHost } from "../base/text/host-name.ts";
import { parse } from "../xml/read/parse.ts";
import type { UrlEndpoint } from "./endpoint.ts";
import { type Fetch, fetchText } from "./fetch-text.ts";

/** The ways to a server that its host-meta names, in the order of the file. */
export interface HostMeta {
  /** Addresses for WebSocket (RFC 7395); all are `wss:`. */
  readonly websocket: readonly UrlEndpoint[];
  /** Addresses for BOSH (XEP-0206); all are `https:`. */
  readonly bosh: readonly UrlEndpoint[];
}

/** The parts of a search in host-meta. */
export interface HostMetaParts {
  /** The platform's `fetch`, or one like it. */
  readonly fetch: Fetch;
  /** Gives the search up. */
  readonly signal: AbortSignal;
}

/** A link of host-meta: its kind and its address, not checked yet. */
interface Link {
  readonly rel: unknown;
  readonly href: unknown;
}

/** The two files, and the way each is read (RFC 6415). */
const FILES: readonly { readonly name: string; readonly read: (text: string) => Link[] }[] = [
  { name: "host-meta.json", read: linksOfJson },
  { name: "host-meta", read: linksOfXml },
];

/** The kinds of links that lead to a server, and the scheme that each must have (XEP-0156). */
const WEBSOCKET = { rel: "urn:xmpp:alt-connections:websocket", scheme: "wss:" };
const BOSH = { rel: "urn:xmpp:alt-connections:xbosh", scheme: "https:" };

/** The most addresses that are taken of one kind. */
const MOST_LINKS = 20;

/**
 * Reads the host-meta of a domain over HTTPS (XEP-0156): the ways to its server over WebSocket and BOSH. It asks for
 * the JSON and the XML at once and takes the first of them that names a way; a way without TLS is left out. A file may
 * have 64 KiB, and a question may be sent on five times, to HTTPS alone.
 *
 * The lists are empty where the files can be read and name no way. Rejects with `LOOKUP_FAILED` where neither can be
 * read, and with the reason of the signal.
 */
export async function hostMeta(
  domain: string,
  { fetch, signal }: HostMetaParts,
): Promise<HostMeta> {
  signal.throwIfAborted();
  const host = readHost(domain);
  if (host === undefined) throw new BrokerError("LOOKUP_FAILED", "the domain is no host");
  const authority = host.kind === "name" ? host.name : host.address.replace(/^(.*:.*)$/, "[$1]");
  const abort = new AbortController();
  const stop = onAbort(signal, () => {
    abort.abort(signal.reason);
  });
  const searches = FILES.map(async ({ name, read }) => {
    const url = `https://${authority}/.well-known/${name}`;
    return waysOf(read(await fetchText(url, { fetch, signal: abort.signal })));
  });
  const found = await Promise.any(searches.map(withWays)).catch(nothing);
  stop();
  signal.throwIfAborted();
  // The other file is not needed any more.
  abort.abort();
  if (found !== undefined) return found;
  const ends = await Promise.allSettled(searches);
  const failures = ends.filter((end) => end.status === "rejected");
  if (failures.length < FILES.length) return { websocket: [], bosh: [] };
  throw failed(failures.map(({ reason }) => reason as unknown));
}

/** Rejects where a file names no way, so that the other file is waited for. */
async function withWays(search: Promise<HostMeta>): Promise<HostMeta> {
  const found = await search;
  if (found.websocket.length + found.bosh.length > 0) return found;
  throw new BrokerError("LOOKUP_FAILED", "no way is named");
}

/** The error for files of which none can be read. It is retryable where one may be later. */
function failed(failures: readonly unknown[]): BrokerError {
  const details = failures.map((thrown, index) => {
    return `${FILES[index]?.name ?? ""}: ${fetchFailure(thrown)}`;
  });
  // `fetch` rejects with a TypeError where the network fails.
  const retryable = failures.some((thrown) =>
    isBrokerError(thrown) ? thrown.retryable : thrown instanceof TypeError,
  );
  return new BrokerError("LOOKUP_FAILED", details.join("; "), { cause: failures[0], retryable });
}

function waysOf(links: readonly Link[]): HostMeta {
  return { websocket: addressesOf(links, WEBSOCKET), bosh: addressesOf(links, BOSH) };
}

function addressesOf(links: readonly Link[], { rel, scheme }: typeof BOSH): UrlEndpoint[] {
  const found: UrlEndpoint[] = [];
  for (const link of links) {
    if (link.rel !== rel || typeof link.href !== "string" || !URL.canParse(link.href)) continue;
    const { protocol, username, password, hash, href } = new URL(link.href);
    // A WebSocket throws for a fragment, and a name or password in an address would be sent to a stranger.
    const isPlain = `${username}${password}${hash}` === "";
    if (protocol === scheme && isPlain && found.length < MOST_LINKS) found.push({ url: href });
  }
  return found;
}

function linksOfJson(text: string): Link[] {
  const file: unknown = JSON.parse(text);
  const { links } = (file ?? {}) as { readonly links?: unknown };
  if (!Array.isArray(links)) return [];
  return links.filter((link): link is Link => typeof link === "object" && link !== null);
}

function linksOfXml(text: string): Link[] {
  const file = parse(withoutComments(text.trim()), { ns: "" });
  return file.childrenOf("Link").map(({ attrs }) => ({ rel: attrs.rel, href: attrs.href }));
}

/** The text without XML comments, which streams forbid and files on web servers have. */
function withoutComments(text: string): string {
  let left = "";
  let from = 0;
  for (;;) {
    const start = text.indexOf("<!--", from);
    const end = start < 0 ? -1 : text.indexOf("-->", start + 4);
    if (end < 0) return left + text.slice(from);
    left += text.slice(from, start);
    from = end + 3;
  }
}
