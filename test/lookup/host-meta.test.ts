import { describe, expect, test } from "vitest";
import { isBrokerError } from "../../src/base/errors.ts";
import type { Fetch, FetchResponse } from "../../src/lookup/fetch-text.ts";
import { hostMeta } from "../../src/lookup/host-meta.ts";

const WEBSOCKET = "urn:xmpp:alt-connections:websocket";
const XBOSH = "urn:xmpp:alt-connections:xbosh";

/** The example of XEP-0156, 2.3. */
const XML = `<?xml version='1.0' encoding='utf-8'?>
<XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>
  <!-- written by hand -->
  <Link rel="${XBOSH}" href="https://web.example.com:5280/bosh"/>
  <Link rel="${WEBSOCKET}" href="wss://web.example.com:443/ws"/>
</XRD>
`;
const JRD = JSON.stringify({
  links: [
    { rel: XBOSH, href: "https://web.example.com:5280/bosh" },
    { rel: WEBSOCKET, href: "wss://web.example.com:443/ws" },
  ],
});
const BOTH = {
  websocket: [{ url: "wss://web.example.com/ws" }],
  bosh: [{ url: "https://web.example.com:5280/bosh" }],
};
const NONE = { websocket: [], bosh: [] };

/** An answer of a web server: its text, or its status and a few headers. */
type Answer =
  | string
  | { status: number; location?: string; text?: string; type?: string; url?: string };

/** A web that has the given answers, and is mute elsewhere. */
function web(answers: Record<string, Answer | undefined>) {
  const asked: string[] = [];
  const cancelled: string[] = [];
  const fetch: Fetch = (url, { signal, redirect, credentials }) => {
    asked.push(redirect === "follow" ? `${url} followed` : url);
    expect(credentials).toBe("omit");
    const answer = answers[redirect === "follow" ? `${url} followed` : url];
    if (answer === undefined) {
      return new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          cancelled.push(url);
          reject(signal.reason as Error);
        });
      });
    }
    const given = typeof answer === "string" ? { status: 200, text: answer } : answer;
    const { status, location = null, text = "", type = "basic" } = given;
    const response: FetchResponse = {
      status,
      type,
      url: given.url ?? url,
      headers: { get: (name) => (name === "location" ? location : null) },
      body: new Blob([text]).stream(),
    };
    return Promise.resolve(response);
  };
  return { fetch, asked, cancelled };
}

const XML_URL = "https://example.com/.well-known/host-meta";
const JSON_URL = `${XML_URL}.json`;

async function found(answers: Parameters<typeof web>[0], domain = "example.com") {
  return await hostMeta(domain, {
    fetch: web(answers).fetch,
    signal: new AbortController().signal,
  });
}

async function refusal(answers: Parameters<typeof web>[0]): Promise<string> {
  const [thrown] = await Promise.all([
    found(answers).then(
      () => "found",
      (error: unknown) => error,
    ),
  ]);
  if (!isBrokerError(thrown)) return String(thrown);
  return `${thrown.code}${thrown.retryable ? ", retryable" : ""}: ${thrown.message}`;
}

describe("host-meta names the ways to a server", () => {
  test.each<[string, Parameters<typeof web>[0], unknown]>([
    ["in XML", { [XML_URL]: XML, [JSON_URL]: { status: 404 } }, BOTH],
    ["in JSON", { [JSON_URL]: JRD, [XML_URL]: { status: 404 } }, BOTH],
    ["in XML, while the JSON is mute", { [XML_URL]: XML }, BOTH],
    ["in JSON, while the XML is mute", { [JSON_URL]: JRD }, BOTH],
    ["in XML, where the JSON names none", { [XML_URL]: XML, [JSON_URL]: "{}" }, BOTH],
    ["in XML, where the JSON is none", { [XML_URL]: XML, [JSON_URL]: "<html>" }, BOTH],
    ["in XML behind a byte order mark", { [XML_URL]: `\uFEFF${XML}`, [JSON_URL]: "{}" }, BOTH],
    ["in neither", { [XML_URL]: "<XRD/>", [JSON_URL]: "{}" }, NONE],
    ["in neither of two that are odd", { [XML_URL]: "<XRD>x</XRD>", [JSON_URL]: "[1]" }, NONE],
    [
      "behind redirects, also relative ones",
      {
        [XML_URL]: { status: 404 },
        [JSON_URL]: { status: 302, location: "https://www.example.com/a" },
        "https://www.example.com/a": { status: 307, location: "/b" },
        "https://www.example.com/b": JRD,
      },
      BOTH,
    ],
    [
      "behind redirects that a browser hides",
      {
        [XML_URL]: { status: 404 },
        [JSON_URL]: { status: 0, type: "opaqueredirect" },
        [`${JSON_URL} followed`]: { status: 200, text: JRD, url: "https://www.example.com/b" },
      },
      BOTH,
    ],
  ])("%s", async (_how, answers, ways) => {
    expect(await found(answers)).toEqual(ways);
  });

  test.each<[string, string]>([
    ["münchen.example", "https://xn--mnchen-3ya.example/.well-known/host-meta.json"],
    ["EXAMPLE.com.", JSON_URL],
    ["::1", "https://[::1]/.well-known/host-meta.json"],
    ["192.0.2.7", "https://192.0.2.7/.well-known/host-meta.json"],
  ])("of the domain %s", async (domain, url) => {
    expect(await found({ [url]: JRD }, domain)).toEqual(BOTH);
  });
});

describe("an address of host-meta is left out", () => {
  test.each([
    ["without TLS", "ws://example.com/ws"],
    ["of another scheme", "https://example.com/ws"],
    ["with a password", "wss://user:secret@example.com/ws"],
    ["with a fragment", "wss://example.com/ws#there"],
    ["that is none", "ws"],
    ["that is no text", 7],
  ])("%s", async (_why, href) => {
    const links = [{ rel: WEBSOCKET, href }, { rel: "other", href: "wss://a.example/" }, null];
    expect(await found({ [JSON_URL]: JSON.stringify({ links }), [XML_URL]: "<XRD/>" })).toEqual(
      NONE,
    );
  });

  test("after the twentieth", async () => {
    const links = Array.from({ length: 500 }, (_, n) => {
      return { rel: WEBSOCKET, href: `wss://${n}.example.com/` };
    });
    const { websocket } = await found({ [JSON_URL]: JSON.stringify({ links }) });
    expect(websocket).toHaveLength(20);
  });
});

const LOOP = { status: 301, location: JSON_URL };
const BOMB = `<!DOCTYPE a [<!ENTITY b "ha">]><XRD/>`;

describe("host-meta that cannot be read ends in LOOKUP_FAILED", () => {
  test.each<[string, Parameters<typeof web>[0], string]>([
    ["with a status", { [JSON_URL]: { status: 404 } }, "LOOKUP_FAILED: .*the status is 404"],
    ["with a server's fault", { [JSON_URL]: { status: 503 } }, "LOOKUP_FAILED, retryable: .*503"],
    ["in a circle", { [JSON_URL]: LOOP }, "LOOKUP_FAILED: .*more than 5 redirects"],
    [
      "by a redirect to clear text",
      { [JSON_URL]: { status: 301, location: "http://example.com/" } },
      "LOOKUP_FAILED: .*a redirect leaves HTTPS",
    ],
    [
      "by a hidden redirect to clear text",
      {
        [JSON_URL]: { status: 0, type: "opaqueredirect" },
        [`${JSON_URL} followed`]: { status: 200, text: JRD, url: "http://example.com/" },
      },
      "LOOKUP_FAILED: .*a redirect leaves HTTPS",
    ],
    [
      "by a redirect without a place",
      { [JSON_URL]: { status: 302, location: "//" } },
      "leads nowhere",
    ],
    ["with a file of 65,537 bytes", { [JSON_URL]: " ".repeat(65_537) }, "more than 65536 bytes"],
    ["with a file that is no JSON", { [JSON_URL]: "<html>" }, "LOOKUP_FAILED: .*JSON"],
    ["with a file that is no UTF-8", { [JSON_URL]: "\uD800" }, "LOOKUP_FAILED"],
  ])("%s", async (_why, answers, message) => {
    expect(await refusal({ [XML_URL]: BOMB, ...answers })).toMatch(new RegExp(message));
  });
});

test("the file that is not needed is cancelled", async () => {
  const { fetch, cancelled } = web({ [JSON_URL]: JRD });
  await hostMeta("example.com", { fetch, signal: new AbortController().signal });
  expect(cancelled).toEqual([XML_URL]);
});

test("a search that is given up ends with the reason of its signal, and asks for nothing any more", async () => {
  const { fetch, cancelled } = web({});
  const abort = new AbortController();
  const search = hostMeta("example.com", { fetch, signal: abort.signal });
  const reason = new Error("enough");
  abort.abort(reason);
  await expect(search).rejects.toBe(reason);
  expect(cancelled).toHaveLength(2);
});

const refused = new Error("connect ECONNREFUSED 192.0.2.1:443");
const both = Object.assign(new AggregateError([]), { code: "ECONNREFUSED" });

test.each([
  ["a browser", new TypeError("Failed to fetch"), "host-meta: Failed to fetch"],
  ["Node", new TypeError("fetch failed", { cause: refused }), `fetch failed: ${refused.message}`],
  [
    "Node, of several addresses",
    new TypeError("fetch failed", { cause: both }),
    "fetch failed: ECONNREFUSED",
  ],
])("a network that fails is retryable, with the reason that %s gives", async (_, failure, said) => {
  const fetch: Fetch = () => Promise.reject(failure);
  const search = hostMeta("example.com", { fetch, signal: new AbortController().signal });
  const message = expect.stringContaining(said) as unknown;
  await expect(search).rejects.toMatchObject({ code: "LOOKUP_FAILED", retryable: true, message });
});
