import { expect, test } from "vitest";
import { Broker, type BrokerOptions, component, legacy } from "../../src/node.ts";
import { ACCOUNTS, COMPONENT_SECRET, KICK_OLD_DOMAIN } from "../servers/server.ts";
import { management } from "./management.ts";
import { matrix, ownWays } from "./matrix.ts";
import { playOversize } from "./oversize.ts";
import { pages } from "./pages.ts";
import { redeploying } from "./redeploying.ts";
import { webSockets } from "./web-sockets.ts";

matrix("prosody");

ownWays("prosody", (server) => {
  const service = (domain: string, options: Partial<BrokerOptions> = {}): Broker =>
    new Broker({
      ...options,
      dialect: component({ domain, secret: COMPONENT_SECRET }),
      host: "127.0.0.1",
      port: server().components.off ?? 0,
    });

  test("a component that it does not know is refused", async () => {
    await expect(service("unknown.test").connect()).rejects.toMatchObject({
      code: "STREAM_ERROR",
      condition: "host-unknown",
      retryable: false,
    });
  });

  test("where the newest component wins, the old one is told so", async () => {
    await using first = service(KICK_OLD_DOMAIN);
    await using second = service(KICK_OLD_DOMAIN);
    await first.connect();
    await second.connect();
    expect(await first.closed).toMatchObject({ code: "STREAM_ERROR", condition: "conflict" });
  });

  test("it has no digests for legacy clients, and the password is not sent unasked", async () => {
    const { port, domain } = server().clients.direct;
    const broker = new Broker({
      dialect: legacy({ jid: `alice@${domain}`, password: ACCOUNTS.alice }),
      host: "127.0.0.1",
      port,
      tls: { policy: "direct", ca: server().ca },
    });
    await expect(broker.connect()).rejects.toMatchObject({ code: "NO_MECHANISM" });
  });

  test("a stanza that is too large ends only a stream whose program allows it, and not for good", async () => {
    await playOversize(service, "not-well-formed");
  });

  management("prosody", server);
  webSockets(server);
  pages("prosody", server);
  redeploying(server, "required");
});
