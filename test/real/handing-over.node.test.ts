import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { expect, test } from "vitest";
import { Broker, component, xml } from "../../src/node.ts";
import { Ledger } from "../../src/testing/index.ts";
import { COMPONENT_SECRET, KICK_OLD_DOMAIN, SERVICE_DOMAINS } from "../servers/server.ts";
import { ownWays } from "./matrix.ts";
import { install, Printed } from "./program.ts";

const PROGRAM = "handing-over-component.js";

ownWays("prosody", (server) => {
  test(`examples/${PROGRAM}: three processes follow each other in full traffic, and no message is lost`, async () => {
    const port = server().components.off ?? 0;
    const [domain] = SERVICE_DOMAINS;
    const peer = new Broker({
      dialect: component({ domain, secret: COMPONENT_SECRET }),
      host: "127.0.0.1",
      port,
    });
    const folder = await install(PROGRAM);
    const child = spawn(process.execPath, [PROGRAM], {
      cwd: folder,
      env: {
        ...process.env,
        XMPP_DOMAIN: KICK_OLD_DOMAIN,
        XMPP_PASSWORD: COMPONENT_SECRET,
        XMPP_HOST: "127.0.0.1",
        XMPP_PORT: String(port),
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const printed = new Printed(child);
    const ledger = new Ledger();
    let sent = 0;
    let traffic: NodeJS.Timeout | undefined;
    try {
      peer.filter("/message", ({ stanza }) => {
        if (stanza.attrs.type === "chat") ledger.arrived(stanza.attrs.id ?? "");
      });
      await peer.connect();
      await expect.poll(() => printed.by("ready as").length).toBe(1);
      traffic = setInterval(() => {
        const id = String(sent++);
        const body = xml("body", {}, "Hello");
        const delivery = peer.send(xml("message", { to: KICK_OLD_DOMAIN, id, type: "chat" }, body));
        ledger.sent(id, delivery);
      }, 1);
      for (const number of [1, 2]) {
        const before = sent;
        await expect.poll(() => sent).toBeGreaterThan(before + 50);
        process.kill(printed.by("ready as").at(-1) ?? 0, "SIGUSR2");
        await expect.poll(() => printed.by("closed as asked").length).toBe(number);
        await expect.poll(() => printed.by("ready as").length).toBe(number + 1);
      }
      clearInterval(traffic);
      await peer.acked();
      await expect.poll(() => ledger.verdict().arrived).toBe(sent);
      expect(ledger.verdict()).toMatchObject({ lost: 0, doubled: 0, foreign: 0 });
      expect(printed.by("handed over with 0 unknown").length).toBe(2);
      expect(new Set(printed.by("ready as")).size).toBe(3);
    } finally {
      clearInterval(traffic);
      for (const pid of printed.by("ready as").slice(-1)) process.kill(pid, "SIGTERM");
      const started = printed.by("ready as").length;
      await expect.poll(() => printed.by("closed as asked").length).toBe(started);
      await peer.shutdown();
      rmSync(folder, { recursive: true, force: true });
    }
  });
});
