import { expect, test } from "vitest";
import { Broker, websocket, xmpp } from "../../src/node.ts";
import { CuttingRelay } from "../../src/testing/index.ts";
import { ACCOUNTS, type RealServer } from "../servers/server.ts";
import { address, message } from "./stage.ts";

/** Registers the tests of WebSockets on a server that has stream management (XEP-0198) over them. */
export function webSockets(server: () => RealServer): void {
  test("a session over a WebSocket that is cut is resumed, and nothing is lost or doubled", async () => {
    const { ca, webSockets, clients } = server();
    const url = new URL(webSockets.wss);
    await using relay = await CuttingRelay.start({ to: { port: Number(url.port) } });
    url.host = `127.0.0.1:${relay.port}`;
    await using broker = new Broker({
      dialect: xmpp({ jid: `alice@${clients.required.domain}`, password: ACCOUNTS.alice }),
      transport: websocket(url.href),
      tls: { ca },
      reconnect: { base: 1 },
      keepAlive: false,
    });
    const resumed: boolean[] = [];
    broker.on("ready", (facts) => resumed.push(facts.resumed));
    const arrived: string[] = [];
    broker.filter("/message", ({ stanza }) => arrived.push(stanza.attrs.id ?? ""));
    await broker.connect();
    const sent: string[] = [];
    for (let round = 1; round <= 3; round++) {
      for (let n = 0; n < 10; n++) {
        sent.push(`${round}-${n}`);
        broker.send(message(address(broker), "to myself", sent.at(-1)));
      }
      await relay.cut("fin");
      await expect.poll(() => resumed.length).toBe(1 + round);
    }
    await broker.acked();
    await expect.poll(() => arrived.length).toBe(sent.length);
    expect(arrived).toEqual(sent);
    expect(resumed).toEqual([false, true, true, true]);
  });
}
