import type { AddressInfo } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { makeCertificate } from "../../src/testing/certificate/certificate.ts";
import {
  answerBy,
  closeRequests,
  listenHttp,
} from "../../src/testing/loopback/http/http-listener.ts";
import { BUNDLERS, bundle } from "../browsers/bundle.ts";
import { openProgram } from "../browsers/chromium.ts";
import { waysOf } from "../runtimes/ways.ts";
import { ACCOUNTS, type RealServer, type ServerName } from "../servers/server.ts";
import { type Cell, cellsOf } from "./cells.ts";

/** A policy that allows connections in clear too. */
const CLEAR = "default-src 'self'; connect-src https: wss: http: ws:";

/** Serves the host-meta of a server over HTTPS; gives the port. */
async function serveHostMeta({ webSockets, clients }: RealServer): Promise<number> {
  const web = await listenHttp(0, makeCertificate({ names: [clients.required.domain] }));
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
  return (web.address() as AddressInfo).port;
}

/** Registers the tests of pages in Chromium on a server that can be found by host-meta. */
export function pages(name: ServerName, server: () => RealServer): void {
  ways(name, server);
  test.each(BUNDLERS)(
    "a page in Chromium, bundled by %s, is given an account and nothing else, and is ready",
    async (bundler) => {
      const { domain } = server().clients.required;
      const https = await serveHostMeta(server());
      const page = await openProgram(https, await bundle(bundler), { domain });
      const account = { jid: `alice@${domain}/page`, password: ACCOUNTS.alice };
      expect(await page.evaluate(`run({}, ${JSON.stringify(account)})`)).toMatchObject({
        jid: account.jid,
        body: "grüße ❤",
        state: "acked",
      });
    },
  );
}

/** Registers the test of a page that goes each way of the matrix. It waits for the end of each session. */
export function ways(name: ServerName, server: () => RealServer): void {
  test("a page in Chromium goes each way to the server that browsers have", async () => {
    const cells = cellsOf(name).filter(({ transport }) => transport !== "tcp");
    const code = await bundle("esbuild", "ways.js");
    const { domain } = server().clients.required;
    const page = await openProgram(undefined, code, { domain, policy: CLEAR });
    const outcomes: unknown[] = [];
    for (const { dialect, transport, policy, door } of cells) {
      await server().settled(0);
      const { domain } = server().clients[door];
      const urls: Partial<Record<Cell["transport"], string>> = server().webSockets;
      const url = { ...urls, ...server().bosh }[transport];
      const account = { jid: `alice@${domain}/${transport}`, password: ACCOUNTS.alice };
      const way = JSON.stringify({ dialect, url, policy });
      const outcome = page.evaluate(`visit(${way}, ${JSON.stringify(account)})`);
      outcomes.push([dialect, transport, await outcome.catch(String)]);
    }
    expect(outcomes).toEqual(
      cells.map(({ dialect, transport }) => [
        dialect,
        transport,
        expect.objectContaining({ body: "grüße ❤", state: "acked" }) as unknown,
      ]),
    );
    const gone = new Set(cells.map(({ transport }) => transport));
    const isBosh = (way: string): boolean => way.endsWith("-bind");
    // jabberd2 has no BOSH.
    const has = waysOf("Chromium").filter((way) => name !== "jabberd2" || !isBosh(way));
    expect([...gone].sort()).toEqual(has.sort());
  });
}
