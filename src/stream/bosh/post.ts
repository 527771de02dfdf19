/** The part of the Fetch API that BOSH needs: `fetch` itself, or a function that behaves as it does. */
export type Fetch = (
  url: string,
  init: {
    readonly method: "POST";
    readonly headers: Readonly<Record<string, string>>;
    readonly body: string;
    readonly redirect: "manual";
    readonly credentials: "omit";
    readonly cache: "no-store";
    readonly signal: AbortSignal;
  },
) => Promise<Response>;

/** How an HTTP request ended: with the bytes of its answer, with another status, too large, or without an answer. */
export type Outcome =
  | { readonly kind: "answer"; readonly bytes: Uint8Array }
  | { readonly kind: "status"; readonly status: number }
  | { readonly kind: "redirect" }
  | { readonly kind: "oversize" }
  | { readonly kind: "broken"; readonly cause: unknown };

/**
 * Sends one body and reads the whole answer, `most` bytes at most. It follows no redirect, and sends and keeps no
 * cookie. It never rejects; an aborted signal makes it `broken`.
 */
export async function post(
  fetch: Fetch,
  url: string,
  body: string,
  most: number,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "Content-Type": "text/xml; charset=utf-8" },
      body,
      redirect: "manual",
      credentials: "omit",
      cache: "no-store",
      signal,
    });
    const { status } = response;
    if (status === 200) return await readAnswer(response, most);
    void response.body?.cancel().catch(() => undefined);
    // Browsers hide the status of a redirect.
    const isRedirect = response.type === "opaqueredirect" || (status >= 300 && status < 400);
    return isRedirect ? { kind: "redirect" } : { kind: "status", status };
  } catch (cause) {
    return { kind: "broken", cause };
  }
}

async function readAnswer({ body }: Response, most: number): Promise<Outcome> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader: ReadableStreamDefaultReader<Uint8Array> | undefined = body?.getReader();
  for (;;) {
    const piece = await reader?.read();
    if (piece?.value === undefined) break;
    length += piece.value.length;
    if (length > most) {
      void reader?.cancel().catch(() => undefined);
      return { kind: "oversize" };
    }
    pieces.push(piece.value);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return { kind: "answer", bytes };
}
