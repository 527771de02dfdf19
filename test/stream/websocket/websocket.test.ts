import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { ChannelFactory } from "../../../src/stream/channel.ts";
import {
  type WebSocketOptions,
  websocketChannels,
} from "../../../src/stream/websocket/websocket.ts";

const { fetch } = globalThis;
let asked: string[];
let file: string | undefined;

/** A web server that has one file, and no other. */
beforeEach(() => {
  asked = [];
  file = undefined;
  globalThis.fetch = (input) => {
    const url = input as string;
    asked.push(url);
    const isThere = file !== undefined && url.endsWith(".json");
    return Promise.resolve(new Response(isThere ? file : "", { status: isThere ? 200 : 404 }));
  };
});

afterEach(() => {
  globalThis.fetch = fetch;
});

const WS = "urn:xmpp:alt-connections:websocket";
const BOSH = "urn:xmpp:alt-connections:xbosh";
const links = (...all: readonly [string, string][]): string =>
  JSON.stringify({ links: all.map(([rel, href]) => ({ rel, href })) });

const never = (): Promise<never> => Promise.reject(new TypeError("nothing is opened here"));
const other: ChannelFactory = { channel: never };
const signal = new AbortController().signal;

async function found(factory: ChannelFactory): Promise<unknown> {
  try {
    const endpoints = (await factory.lookup?.("capulet.example", { signal })) ?? [];
    return endpoints.map((endpoint) => ("url" in endpoint ? endpoint.url : endpoint));
  } catch (error) {
    return (error as { code?: string }).code;
  }
}

describe("without an address", () => {
  const both = links(
    [BOSH, "https://c.example/bosh"],
    [WS, "wss://c.example/ws"],
    [WS, "wss://d.example/ws"],
  );
  test.each([
    ["only WebSockets, in their order", both, {}, ["wss://c.example/ws", "wss://d.example/ws"]],
    [
      "behind them those of the other way",
      both,
      { or: other },
      ["wss://c.example/ws", "wss://d.example/ws", "https://c.example/bosh"],
    ],
    [
      "behind them the known address of the other way",
      both,
      { or: { ...other, url: "https://e.example/b" } },
      ["wss://c.example/ws", "wss://d.example/ws", "https://e.example/b"],
    ],
    ["no address in clear", links([WS, "ws://c.example/ws"]), {}, "LOOKUP_FAILED"],
    [
      "nothing where it names only the other way",
      links([BOSH, "https://c.example/bosh"]),
      {},
      "LOOKUP_FAILED",
    ],
    [
      "the other way alone",
      links([BOSH, "https://c.example/bosh"]),
      { or: other },
      ["https://c.example/bosh"],
    ],
    ["nothing without the file", undefined, { or: other }, "LOOKUP_FAILED"],
    [
      "the known address of the other way without the file",
      undefined,
      { or: { ...other, url: "https://e.example/b" } },
      ["https://e.example/b"],
    ],
  ])("the host-meta of the domain gives %s", async (_, text, options, wanted) => {
    file = text;
    expect(await found(websocketChannels(options, never))).toEqual(wanted);
    expect(asked).toContain("https://capulet.example/.well-known/host-meta.json");
  });
});

test("with an address nothing is looked up", () => {
  const factory = websocketChannels("wss://c.example/ws", never);
  expect([factory.url, factory.lookup]).toEqual(["wss://c.example/ws", undefined]);
});

test.each([
  ["an address and another way", { url: "wss://c.example/ws", or: other }, "not both"],
  ["an address as the other way", { or: "https://c.example/bosh" }, "or must be an object"],
  ["an object that is no way", { or: {} }, "or.channel must be a function"],
  ["a function that makes ways", { or: () => other }, "or must be an object"],
])("%s is refused", (_, options, said) => {
  const make = (): unknown => websocketChannels(options as WebSocketOptions, never);
  const message = expect.stringContaining(said) as unknown;
  expect(make).toThrow(expect.objectContaining({ code: "BAD_OPTION", message }));
});
