import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { LoopbackServer } from "../../src/testing/index.ts";
import { CANDIDATES } from "../servers/found.ts";
import { ACCOUNTS, type RealServer } from "../servers/server.ts";
import { waysOf } from "./ways.ts";
import { makeWorker, type Worker } from "./workerd.ts";

/** Dates before and after workers got a global `MessageChannel` and a global `setImmediate`. */
const DATES = ["2022-10-31", "2024-09-23", "2025-10-01", "2026-11-17"] as const;
const TODAY = "2026-11-17";

/** The ways to a server that a worker has. */
const WAYS = ["ws", "wss", "http-bind", "https-bind"] as const;
const DIALECTS = ["xmpp", "legacy"] as const;

/** Sends a request to a worker, with an account; gives the answer. */
async function ask(
  worker: string,
  path: string,
  account: Record<string, string>,
): Promise<unknown> {
  const answer = await fetch(`${worker}/${path}?${String(new URLSearchParams(account))}`);
  return await answer.json();
}

describe("the neutral entry", () => {
  let worker: Worker;
  beforeAll(async () => {
    worker = await makeWorker("worker.js");
    return () => {
      worker.remove();
    };
  });

  test.each(DATES)("loads in a worker of %s, and works", async (date) => {
    const served = await worker.serve(date);
    onTestFinished(() => {
      served.close();
    });
    expect(await ask(served.url, "", {})).toEqual({
      phase: "idle",
      found: "1",
      jid: "juliet@bücher.example",
      written: "<message to='romeo@example.org'><body>1 &lt; 2</body></message>",
      withoutTransport: "BAD_OPTION",
      overMemory: "echo.example.org",
    });
  });
});

describe("a worker that logs in", () => {
  let worker: Worker;
  beforeAll(async () => {
    worker = await makeWorker("chatting-worker.js");
    return () => {
      worker.remove();
    };
  });

  describe.each(DATES)("with the date %s", (date) => {
    let server: LoopbackServer;
    let url: string;
    let account: Record<"url" | "jid" | "password", string>;

    beforeAll(async () => {
      const users = { juliet: "wherefore" };
      server = await LoopbackServer.start({
        users,
        http: true,
        management: {},
        conflict: "replace",
      });
      account = { url: server.url("ws"), jid: "juliet@localhost/worker", password: "wherefore" };
      const served = await worker.serve(date);
      ({ url } = served);
      return async () => {
        served.close();
        await server.close();
      };
    });

    test("sends, receives, asks and leaves in order", async () => {
      expect(await ask(url, "visit", account)).toEqual({
        jid: account.jid,
        said: "grüße ❤",
        answer: "result",
        end: "in order",
      });
      await expect.poll(() => server.connections).toEqual([]);
    });

    test("goes on with its session when the server cuts the connection, and its queue is sent", async () => {
      const answer = ask(url, "stay", account);
      await expect.poll(() => server.connections.map(({ phase }) => phase)).toEqual(["ready"]);
      server.faults.cut();
      expect(await answer).toEqual(["DISCONNECTED", "queued", "resumed", "queued", "again"]);
    });

    test("is told by a code why it cannot log in", async () => {
      const codes = ["AUTH_FAILED", "CONNECT_FAILED", "CONNECT_FAILED", "BAD_OPTION"];
      expect(await ask(url, "fail", account)).toEqual(codes);
    });

    // Before 2024-11-11 `fetch` refuses an option that BOSH needs.
    test(`${date < "2024-11-11" ? "cannot go" : "goes"} by BOSH`, async () => {
      const outcome = await ask(url, "visit", { ...account, url: server.url("http") });
      if (date >= "2024-11-11") expect(outcome).toMatchObject({ said: "grüße ❤", end: "in order" });
      else expect(outcome).toMatch(/^BrokerError: the server was not reached: .*'cache'/);
    });

    test("keeps its connection between requests in a Durable Object", async () => {
      const kept = { ...account, jid: "juliet@localhost/object" };
      expect(await ask(url, "session", kept)).toEqual(["ready"]);
      const before = server.connections;
      expect(await ask(url, "session/talk", kept)).toEqual(["ready", "from another request"]);
      expect(before).toHaveLength(1);
      expect(server.connections[0]).toBe(before[0]);
      // No request is there while it logs in again.
      server.faults.cut();
      await expect
        .poll(() => server.connections.filter((one) => one !== before[0] && one.phase === "ready"))
        .toHaveLength(1);
      expect(await ask(url, "session/leave", kept)).toEqual(["idle", "from another request"]);
    });
  });
});

describe.each(["prosody", "ejabberd"] as const)("a worker logs in to %s", (name) => {
  let server: RealServer;
  let worker: Worker;
  let url: string;

  beforeAll(async () => {
    worker = await makeWorker("chatting-worker.js");
    server = await CANDIDATES[name].start();
    const served = await worker.serve(TODAY, server.ca);
    ({ url } = served);
    return async () => {
      served.close();
      worker.remove();
      await server.close();
    };
  });

  test("by the ways of the table", () => {
    expect(WAYS).toEqual(waysOf("workerd"));
  });

  test.each(DIALECTS.flatMap((dialect) => WAYS.map((way) => [dialect, way] as const)))(
    "as %s over %s",
    async (dialect, way) => {
      const { domain } = server.clients[/^(?:wss|https)/.test(way) ? "required" : "off"];
      const place = new URL({ ...server.webSockets, ...server.bosh }[way] ?? "");
      // A worker knows only the names that DNS knows.
      place.hostname = new URL(server.webSockets.wss).hostname;
      const jid = `alice@${domain}/worker`;
      const account = { dialect, url: place.href, jid, password: ACCOUNTS.alice };
      const outcome = { jid, said: "grüße ❤", answer: "result", end: "in order" };
      expect(await ask(url, "visit", account)).toEqual(outcome);
    },
  );
});
