import { afterEach, describe, expect, test, vi } from "vitest";
import { bosh } from "../../src/stream/bosh/bosh.ts";
import type { ChannelTarget } from "../../src/stream/channel.ts";
import type { TlsSettings } from "../../src/transport/transport.ts";
import { connectPlatformWebSocket } from "../../src/transport/websocket/platform-websocket.ts";
import { LIMITS } from "../../src/xml/limits.ts";
import { NS } from "../../src/xml/namespaces.ts";
import { knownCrypto } from "../dialect/attempt.ts";
import { VirtualClock } from "../virtual-clock.ts";

const PLAIN: TlsSettings = {
  servername: "example.org",
  ca: undefined,
  cert: undefined,
  key: undefined,
  pins: undefined,
  minVersion: "TLSv1.2",
};

/** Another setting for each member: a member that is added must be decided on here. */
const OTHERS: { readonly [Name in keyof Required<TlsSettings>]: TlsSettings[Name] } = {
  servername: "elsewhere.example",
  ca: ["PEM"],
  cert: "PEM",
  key: "PEM",
  pins: [`${"A".repeat(43)}=`],
  minVersion: "TLSv1.3",
};

const { signal } = new AbortController();

const target = (url: string, tls: TlsSettings): ChannelTarget => ({
  host: "example.org",
  port: 443,
  url,
  tls,
  context: { ns: NS.client, prefixes: { stream: NS.stream } },
  limits: LIMITS,
  clock: new VirtualClock(),
  crypto: knownCrypto,
});

/** The ways whose TLS the platform does. */
const WAYS: Record<string, (tls: TlsSettings) => Promise<unknown>> = {
  "the platform's WebSocket": async (tls) => {
    const url = "wss://example.org/ws";
    await connectPlatformWebSocket(url, target(url, tls), signal);
  },
  BOSH: async (tls) => {
    await bosh().channel(target("https://example.org/http-bind", tls), signal);
  },
};

afterEach(() => {
  vi.unstubAllGlobals();
});

describe.each(Object.entries(WAYS))("%s", (_, open) => {
  test.each(Object.keys(OTHERS))("refuses tls.%s, which would be ignored", async (name) => {
    const tls = { ...PLAIN, [name]: OTHERS[name as keyof TlsSettings] };
    await expect(open(tls)).rejects.toMatchObject({
      code: "BAD_OPTION",
      message: expect.stringContaining(`tls.${name} cannot be given`) as unknown,
    });
  });

  test("takes the name of the host itself", async () => {
    vi.stubGlobal("WebSocket", undefined);
    const code = await open(PLAIN).then(
      () => "opened",
      (error: unknown) => (error as { code: string }).code,
    );
    expect(["opened", "CONNECT_FAILED"]).toContain(code);
  });
});
