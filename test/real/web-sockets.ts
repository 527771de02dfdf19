import { build } from "esbuild";
import { expect, onTestFinished, test } from "vitest";
import { Broker, websocket, xmpp } from "../../src/node.ts";
import { makeCertificate } from "../../src/testing/certificate/certificate.ts";
import { CuttingRelay } from "../../src/testing/index.ts";
import {
  answerBy,
  closeRequests,
  listenHttp,
} from "../../src/testing/loopback/http/http-listener.ts";
import { openPage, serveFiles } from "../browsers/chromium.ts";
import { locate } from "../docs/document.ts";
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

  test("a page in Chromium finds it by host-meta, and is ready", async () => {
    const { webSockets, clients } = server();
    const { domain } = clients.required;
    const web = await listenHttp(0, makeCertificate({ names: [domain] }));
    onTestFinished(() => {
      web.close();
      closeRequests(web);
    });
    const links = [{ rel: "urn:xmpp:alt-connections:websocket", href: webSockets.wss }];
    answerBy(web, {
      "/.well-known/host-meta.json": {
        get: (_, response) => response.end(JSON.stringify({ links })),
      },
    });
    const { outputFiles } = await build({
      entryPoints: [locate("test/browsers/program.js").pathname],
      bundle: true,
      write: false,
      format: "esm",
      platform: "browser",
      target: "es2022",
      alias: { "xmpp-broker": locate("src/index.ts").pathname },
    });
    const files = {
      "": "<script type=module src=program.js></script>",
      "program.js": outputFiles[0]?.text ?? "",
    };
    const place = web.address();
    const port = typeof place === "object" ? place?.port : undefined;
    const page = await openPage(port, await serveFiles(files), { domain });
    await page.waitForFunction("globalThis.run !== undefined");
    const account = { jid: `alice@${domain}/page`, password: ACCOUNTS.alice };
    expect(await page.evaluate(`run({}, ${JSON.stringify(account)})`)).toMatchObject({
      jid: account.jid,
      body: "grüße ❤",
      state: "acked",
    });
  });
}
