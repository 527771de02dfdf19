import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { RawClient } from "../raw-client.ts";
import { CANDIDATES, find } from "./found.ts";
import { startJabberd2 } from "./jabberd2.ts";
import {
  ACCOUNTS,
  COMPONENT_SECRET,
  type RealServer,
  SERVER_NAMES,
  SERVICE_DOMAINS,
  type TlsMode,
} from "./server.ts";

/** The features of a server about TLS, by the declared mode of its port. */
const STARTTLS: Readonly<Record<Exclude<TlsMode, "direct">, string>> = {
  required: "<starttls required>",
  optional: "<starttls>",
  off: "no starttls",
};

/** The SASL mechanisms each server has on TLS, without those that bind the channel. */
const MECHANISMS = {
  prosody: ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"],
  ejabberd: ["DIGEST-MD5", "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512", "X-OAUTH2"],
  jabberd2: ["ANONYMOUS", "DIGEST-MD5", "EXTERNAL", "PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"],
} as const;

describe.each(SERVER_NAMES)("%s", (name) => {
  describe.skipIf(!find(name).found)("started by the harness", () => {
    let server: RealServer;
    beforeAll(async () => {
      server = await CANDIDATES[name].start();
    });
    afterAll(() => server.close());

    test.each(["required", "optional", "off"] as const)("TLS for clients is %s", async (mode) => {
      const { port, domain } = server.clients[mode];
      using client = await RawClient.connect(port);
      client.open(domain);
      expect(starttls(await client.hears("</stream:features>"))).toBe(STARTTLS[mode]);
    });

    test.each(["required", "optional"] as const)("STARTTLS works where it is %s", async (mode) => {
      const { port, domain } = server.clients[mode];
      using client = await RawClient.connect(port);
      client.open(domain);
      await client.hears("</stream:features>");
      client.say("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
      await client.hears("<proceed");
      await client.secure({ ca: server.ca, servername: domain });
      expect(client.tls.getProtocol()).toBe("TLSv1.3");
    });

    test("direct TLS offers the mechanisms of the table, and an account logs in", async () => {
      const { port, domain } = server.clients.direct;
      using client = await RawClient.connect(port, { ca: server.ca, servername: domain });
      client.open(domain);
      const features = await client.hears("</stream:features>");
      const mechanisms = [...features.matchAll(/<mechanism>([^<]*)</g)].map((match) => match[1]);
      expect(mechanisms.filter((mechanism) => !mechanism?.endsWith("-PLUS")).sort()).toEqual(
        MECHANISMS[name],
      );
      client.say(plainAuth("bob"));
      expect(await client.hears(/<success|<failure/)).toContain("<success");
    });

    test("a component shakes hands", async () => {
      const port = server.components.off ?? server.components.optional ?? 0;
      using client = await RawClient.connect(port);
      client.say(
        `<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' to='${SERVICE_DOMAINS[0]}'>`,
      );
      const id = /\bid=['"]([^'"]*)/.exec(await client.hears(/<stream:stream [^>]*>/))?.[1] ?? "";
      const digest = createHash("sha1")
        .update(id + COMPONENT_SECRET)
        .digest("hex");
      client.say(`<handshake>${digest}</handshake>`);
      await client.hears("<handshake");
    });

    test("stopping it ends the connections, closing it removes its files", async () => {
      const other = await CANDIDATES[name].start();
      const { port, domain } = other.clients.required;
      using client = await RawClient.connect(port);
      client.open(domain);
      await client.hears("</stream:features>");
      await other.stop();
      await expect(client.hears("never")).rejects.toThrow("the connection ended too early");
      await other.close();
      await expect(RawClient.connect(port)).rejects.toThrow("ECONNREFUSED");
    });

    test("killed or stopped, it starts again on the same ports with the same accounts", async () => {
      const other = await CANDIDATES[name].start();
      const { port, domain } = other.clients.direct;
      try {
        for (const end of ["kill", "stop"] as const) {
          await other[end]();
          await expect(RawClient.connect(port)).rejects.toThrow("ECONNREFUSED");
          await other.restart();
          using client = await RawClient.connect(port, { ca: other.ca, servername: domain });
          client.open(domain);
          await client.hears("</stream:features>");
          client.say(plainAuth("bob"));
          expect(await client.hears(/<success|<failure/)).toContain("<success");
        }
      } finally {
        await other.close();
      }
    });
  });
});

describe.skipIf(!find("jabberd2").found)("the router of jabberd2", () => {
  test.each([
    ["with a certificate", {}, "<starttls>"],
    ["without one", { router: "off" }, "no starttls"],
  ] as const)("%s", async (_, options, expected) => {
    const server = await startJabberd2(options);
    try {
      using client = await RawClient.connect(server.routers.optional ?? server.routers.off ?? 0);
      client.say(
        "<stream:stream xmlns='http://jabberd.jabberstudio.org/ns/component/1.0' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>",
      );
      const features = await client.hears("</stream:features>");
      expect(starttls(features)).toBe(expected);
      expect(features).toContain("<mechanism>DIGEST-MD5</mechanism>");
    } finally {
      await server.close();
    }
  });
});

test("the guard kills and cleans when the pipe of the test run breaks", async () => {
  const folder = mkdtempSync(join(tmpdir(), "xmpp-broker-guard-"));
  const server = spawn(process.execPath, ["-e", "setInterval(() => {}, 1e6)"]);
  const guard = spawn(process.execPath, [join(import.meta.dirname, "guard.mjs"), folder]);
  guard.stdin.write(`+${server.pid ?? 0}\n`);
  guard.stdin.end();
  const [, signal] = (await once(server, "exit")) as [number | null, string | null];
  expect(signal).toBe("SIGKILL");
  await once(guard, "exit");
  expect(existsSync(folder)).toBe(false);
});

function plainAuth(user: keyof typeof ACCOUNTS): string {
  const plain = Buffer.from(`\0${user}\0${ACCOUNTS[user]}`).toString("base64");
  return `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`;
}

function starttls(features: string): string {
  if (!features.includes("<starttls")) return "no starttls";
  return features.includes("<required/>") ? "<starttls required>" : "<starttls>";
}
