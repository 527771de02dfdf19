import { BrokerError } from "../base/errors.ts";

/** The part of the platform's `fetch` that is needed here. */
export type Fetch = (
  url: string,
  init: {
    readonly signal: AbortSignal;
    readonly redirect: "manual" | "follow";
    readonly credentials: "omit";
  },
) => Promise<FetchResponse>;

/** The platform's `fetch`, looked up with each call: a program may replace it. */
export const platformFetch: typeof globalThis.fetch = (url, init) => globalThis.fetch(url, init);

/** The part of the platform's `Response` that is needed here. */
export interface FetchResponse {
  readonly status: number;
  readonly type: string;
  /** The address that answered, behind all redirects. */
  readonly url: string;
  readonly headers: { get(name: string): string | null };
  readonly body: ReadableStream<Uint8Array> | null;
}

/** A way to fetch, and until when. */
interface FetchParts {
  readonly fetch: Fetch;
  readonly signal: AbortSignal;
}

const MOST_REDIRECTS = 5;

/** In bytes. */
const LONGEST_TEXT = 65_536;

/**
 * Fetches a text of at most 64 KiB in UTF-8 over HTTPS, without cookies. It follows five redirects at most, to HTTPS
 * alone. Rejects with `LOOKUP_FAILED`, which is retryable where the server may have the text later, and as `fetch` does.
 */
export async function fetchText(url: string, parts: FetchParts): Promise<string> {
  const response = await open(url, parts);
  if (response.status === 200) return await readText(response);
  await drop(response);
  throw failed(`the status is ${response.status}`, response.status >= 500);
}

/** Follows redirects where the runtime shows them. A browser hides them, so it follows them itself. */
async function open(url: string, { fetch, signal }: FetchParts): Promise<FetchResponse> {
  const init = { signal, credentials: "omit" } as const;
  let at = url;
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const response = await fetch(at, { ...init, redirect: "manual" });
    if (response.type === "opaqueredirect") {
      const last = await fetch(at, { ...init, redirect: "follow" });
      if (isHttps(last.url)) return last;
      await drop(last);
      throw failed("a redirect leaves HTTPS");
    }
    const { status, headers } = response;
    if (status < 300 || status > 399) return response;
    await drop(response);
    const location = headers.get("location") ?? "";
    if (!URL.canParse(location, at)) throw failed("a redirect leads nowhere");
    at = new URL(location, at).href;
    if (!isHttps(at)) throw failed("a redirect leaves HTTPS");
  }
  throw failed(`there are more than ${MOST_REDIRECTS} redirects`);
}

async function readText({ body }: FetchResponse): Promise<string> {
  if (body === null) return "";
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const reader = body.getReader();
  let text = "";
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text + decoder.decode();
    size += value.byteLength;
    if (size > LONGEST_TEXT) {
      await reader.cancel();
      throw failed(`the file has more than ${LONGEST_TEXT} bytes`);
    }
    text += decoder.decode(value, { stream: true });
  }
}

/** Gives the connection of an answer back that is not read. */
async function drop({ body }: FetchResponse): Promise<void> {
  await body?.cancel();
}

function isHttps(url: string): boolean {
  return url.startsWith("https://");
}

function failed(detail: string, retryable = false): BrokerError {
  return new BrokerError("LOOKUP_FAILED", detail, { retryable });
}
