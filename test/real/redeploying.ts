import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Broker, component, type TlsPolicy, xml, xmpp } from "../../src/node.ts";
import { Ledger } from "../../src/testing/index.ts";
import { ACCOUNTS, COMPONENT_SECRET, SERVICE_DOMAINS, type Server } from "../servers/server.ts";
import { install, Printed } from "./program.ts";

const PROGRAM = "redeployed-client.js";

/** How often the program is deployed anew. */
const TIMES = 2;

/** Waits longer than the others, since a process starts meanwhile. */
const SLOW = { timeout: 20_000 };

/**
 * Registers the test of a client that is deployed anew on a server with XEP-0198. A room (a component) and another
 * connection of the account see whether it ever goes.
 */
export function redeploying(server: () => Server, policy: TlsPolicy): void {
  test(`examples/${PROGRAM}: three processes share one session, nothing is lost, and nobody sees it go`, {
    timeout: 60_000,
  }, async () => {
    const { ca, clients, components } = server();
    const { domain, port } = clients.required;
    const host = "127.0.0.1";
    const [room] = SERVICE_DOMAINS;
    const jid = `alice@${domain}/bot`;
    const tls = { policy, ca };
    const client = (own: string, password: string): Broker =>
      new Broker({ dialect: xmpp({ jid: own, password }), host, port, tls });
    const watcher = client(`alice@${domain}/watcher`, ACCOUNTS.alice);
    const peer = client(`bob@${domain}/peer`, ACCOUNTS.bob);
    const rooms = new Broker({
      dialect: component({ domain: room, secret: COMPONENT_SECRET }),
      host,
      port: components.off ?? 0,
    });
    const seen: string[] = [];
    for (const broker of [watcher, rooms]) {
      broker.filter("/presence", ({ stanza }) => {
        if (stanza.attrs.from === jid) seen.push(stanza.attrs.type ?? "available");
      });
    }
    const ledger = new Ledger();
    peer.filter("/message[@type='chat']", ({ stanza }) => {
      ledger.arrived(stanza.attrs.id);
    });
    const folder = await install(PROGRAM);
    const file = join(folder, "session.json");
    const printed = new Printed();
    const start = (): ChildProcess => {
      const child = spawn(process.execPath, [PROGRAM], {
        cwd: folder,
        env: {
          ...process.env,
          XMPP_JID: jid,
          XMPP_PASSWORD: ACCOUNTS.alice,
          XMPP_HOST: host,
          XMPP_PORT: String(port),
          XMPP_TLS: policy,
          XMPP_CA: ca,
          XMPP_ROOM: `lobby@${room}/bot`,
          XMPP_SESSION: file,
        },
        stdio: ["ignore", "pipe", "inherit"],
      });
      printed.add(child);
      return child;
    };
    let sent = 0;
    let traffic: NodeJS.Timeout | undefined;
    let child: ChildProcess | undefined;
    try {
      await Promise.all([watcher.connect(), peer.connect(), rooms.connect()]);
      watcher.send(xml("presence"));
      peer.send(xml("presence"));
      await Promise.all([watcher.acked(), peer.acked()]);
      child = start();
      await expect.poll(() => printed.by("came as").length, SLOW).toBe(1);
      await expect.poll(() => seen).toEqual(["available", "available"]);
      traffic = setInterval(() => {
        const id = String(sent++);
        const body = xml("body", {}, "Hello");
        ledger.sent(id, peer.send(xml("message", { to: jid, id, type: "chat" }, body)));
      }, 10);
      for (let time = 1; time <= TIMES; time++) {
        const before = sent;
        await expect.poll(() => sent).toBeGreaterThan(before + 20);
        const ended = new Promise((resolve) => child?.once("close", resolve));
        child.kill("SIGTERM");
        expect(await ended).toBe(0);
        expect(statSync(file).mode & 0o777).toBe(0o600);
        child = start();
        await expect.poll(() => printed.by("went on as").length, SLOW).toBe(time);
        expect(existsSync(file)).toBe(false);
      }
      clearInterval(traffic);
      await peer.acked();
      await expect.poll(() => ledger.verdict().arrived, SLOW).toBe(sent);
      expect(ledger.verdict()).toMatchObject({ lost: 0, doubled: 0, outOfOrder: 0, foreign: 0 });
      expect(printed.by("left its session with 0 unsent").length).toBe(TIMES);
      expect(printed.by("came as").length).toBe(1);
      expect(seen).toEqual(["available", "available"]);
      const ended = new Promise((resolve) => child?.once("close", resolve));
      child.kill("SIGINT");
      expect(await ended).toBe(0);
      await expect.poll(() => seen).toContain("unavailable");
    } finally {
      clearInterval(traffic);
      child?.kill("SIGKILL");
      await Promise.all([watcher, peer, rooms].map((broker) => broker.shutdown()));
      rmSync(folder, { recursive: true, force: true });
    }
  });
}
