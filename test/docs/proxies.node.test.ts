import { once } from "node:events";
import { connect, Socket } from "node:net";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Broker, socketTransport, xmpp } from "../../src/node.ts";
import { LoopbackServer } from "../../src/testing/index.ts";
import { listen } from "../transport/loopback.ts";
import { codeSpans, locate, readDocument, tableRows } from "./document.ts";
import { type Asked, type Habit, httpProxy, socks5Proxy } from "./proxy-doubles.ts";

let server: LoopbackServer;
let runs = 0;

beforeAll(async () => {
  server = await LoopbackServer.start({
    domain: "verona.example",
    users: { juliet: "wherefore" },
  });
});

afterAll(() => server.close());

/** Runs an example through a proxy; gives what it prints, and what it asked the proxy for. */
async function play(
  example: string,
  habit: Habit,
  account = "",
): Promise<{ printed: string[]; asked: Asked[] }> {
  const asked: Asked[] = [];
  const isSocks = example === "socks5-client.js";
  const make = isSocks ? socks5Proxy : httpProxy;
  const port = await listen(make(server.ports.client, habit, asked));
  const environment = {
    XMPP_JID: "juliet@verona.example/balcony",
    XMPP_PASSWORD: "wherefore",
    // No name server knows it.
    XMPP_HOST: "hidden.invalid",
    XMPP_PORT: "5222",
    XMPP_CA: server.ca,
    SOCKS_PORT: String(port),
    PROXY: `http://${account}127.0.0.1:${port}`,
  };
  for (const [key, value] of Object.entries(environment)) vi.stubEnv(key, value);
  const log = vi.spyOn(console, "log").mockReturnValue();
  try {
    // Each import runs the program anew.
    const { href } = locate(`examples/${example}`);
    await import(/* @vite-ignore */ `${href}?${++runs}`);
    return { printed: log.mock.calls.map((words) => words.join(" ")), asked };
  } finally {
    log.mockRestore();
    vi.unstubAllEnvs();
  }
}

describe.each(["socks5-client.js", "http-proxy-client.js"])("examples/%s", (example) => {
  test.each([
    ["at once", "prompt"],
    ["byte by byte", "slow"],
    ["at greater length", "by name"],
  ] as const)("reaches its server through a proxy that answers %s", async (_, habit) => {
    const { printed, asked } = await play(example, habit);
    expect(printed).toEqual([
      "ready as juliet@verona.example/balcony",
      "received Note to self",
      "closed",
    ]);
    // The proxy gets the name, and looks it up itself.
    expect(asked).toMatchObject([{ place: "hidden.invalid:5222" }]);
  });

  test.each([
    ["refuses", "refuse", /the proxy has (?:refused the server \(4\)|answered: .* 403 Forbidden)/],
    ["ends in the middle of its answer", "cut", /the proxy has closed the connection/],
  ] as const)("ends in CONNECT_FAILED if the proxy %s", async (_, habit, message) => {
    await expect(play(example, habit)).rejects.toMatchObject({
      code: "CONNECT_FAILED",
      retryable: true,
      message: expect.stringMatching(message) as unknown,
    });
  });
});

test("an HTTP proxy is shown the user and the password of its address", async () => {
  const { asked } = await play("http-proxy-client.js", "prompt", "romeo:but%20soft@");
  expect(asked).toMatchObject([{ account: `Basic ${btoa("romeo:but soft")}` }]);
});

test("docs/proxies.md names the functions of the examples", () => {
  for (const [, file = "", part = ""] of tableRows(readDocument("docs/proxies.md"))) {
    const [path = ""] = codeSpans(file);
    const text = readDocument(path);
    for (const name of codeSpans(part)) expect(text).toContain(`function ${name}(`);
  }
});

describe("socketTransport", () => {
  test("carries direct TLS, and the client's half when the server has ended its own", async () => {
    const sockets: Socket[] = [];
    const broker = new Broker({
      dialect: xmpp({ jid: "juliet@verona.example", password: "wherefore" }),
      host: "hidden.invalid",
      tls: { policy: "direct", ca: server.ca },
      async transport(target) {
        const socket = connect({ port: server.ports.clientTls, host: "127.0.0.1" });
        sockets.push(socket);
        await once(socket, "connect");
        return socketTransport(socket, target);
      },
    });
    await broker.connect();
    expect(broker.transport?.tls?.alpn).toBe("xmpp-client");
    await broker.shutdown();
    expect(sockets).toMatchObject([{ allowHalfOpen: true, destroyed: true }]);
  });

  test("refuses a socket that is not connected", async () => {
    const broker = new Broker({
      dialect: xmpp({ jid: "juliet@verona.example", password: "wherefore" }),
      transport: (target) => Promise.resolve(socketTransport(new Socket(), target)),
    });
    await expect(broker.connect()).rejects.toMatchObject({ code: "BAD_OPTION" });
  });
});
