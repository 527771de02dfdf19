import { describe, expect, test, vi } from "vitest";
import { authenticate, login, serve } from "../scene.ts";
import {
  connections,
  cut,
  ERRORS,
  juliet,
  note,
  resuming,
  returned,
  romeo,
  SM,
  STREAMS,
  serveManaged,
} from "./managed.ts";

const DELAY = "<delay xmlns='urn:xmpp:delay' from='localhost' stamp='…Z'/>";
const PING = "<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>";
const PONG = "<iq id='p' from='localhost' to='juliet@localhost/balcony' type='result'/>";
const GONE = `<failed xmlns='${SM}'><item-not-found xmlns='${ERRORS}'/></failed>`;
const BIND =
  "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>balcony</resource></bind></iq>";

describe("a session whose connection is lost", () => {
  test.each(["(cut)", "(end)"])("by %s is resumed, and goes on where it was", async (end) => {
    const server = await serveManaged();
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    sender.say(note("1") + note("2"));
    await client.play(`
      S: <message … id='1' …/><message … id='2' …/>
      C: <message to='romeo@localhost/garden' id='first'/>
      C: ${end}
    `);
    await sender.expect("<message … id='first' …/>");
    await connections(server, 1);
    sender.say(note("3"));
    const next = await resuming(server, id, 1);
    await next.play(`
      S: <resumed xmlns='${SM}' previd='${id}' h='1'/>
      S: <message … id='2' …>${DELAY}</message><message … id='3' …>${DELAY}</message>
      C: ${PING}<r xmlns='${SM}'/>
      S: ${PONG}<a xmlns='${SM}' h='2'/>
      C: <a xmlns='${SM}' h='4'/>
    `);
    sender.say(note("4"));
    await next.play(`
      S: <message … id='4' …/>
      C: <message to='romeo@localhost/garden' id='back'/>
    `);
    await sender.expect(
      "<message to='romeo@localhost/garden' id='back' from='juliet@localhost/balcony'/>",
    );
    expect(server.connections.at(-1)?.address).toBe("juliet@localhost/balcony");
  });

  test("may be lost and resumed many times, and the counters go on", async () => {
    const server = await serveManaged();
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    let last = client;
    for (let round = 1; round <= 5; round++) {
      await cut(server, last, 1);
      sender.say(note(`n${round}`));
      last = await resuming(server, id, round - 1);
      await last.play(`
        S: <resumed xmlns='${SM}' previd='${id}' h='${round - 1}'/><message … id='n${round}' …</message>
        C: <message to='romeo@localhost/garden' id='m${round}'/><r xmlns='${SM}'/>
        S: <a xmlns='${SM}' h='${round}'/>
      `);
      await sender.expect(`<message … id='m${round}' …/>`);
    }
  });

  test("keeps its presence: others do not see it go", async () => {
    const server = await serveManaged();
    const { client, id } = await juliet(server);
    const other = await login(server, "juliet", "hall");
    client.say("<presence/>");
    await client.expect("<presence …/>");
    other.say("<presence/>");
    await other.expect("<presence …/>");
    await cut(server, client, 1);
    const next = await resuming(server, id, 1);
    await next.expect(`<resumed …/>`);
    other.say("<message to='juliet@localhost/hall' id='last'/>");
    await other.expect("<message … id='last' …/>");
    expect(other.heard).not.toContain("unavailable");
  });

  test("is resumed also before the server has noticed: the old stream is closed", async () => {
    const server = await serveManaged();
    const { client, id } = await juliet(server);
    (await romeo(server)).say(note("1"));
    await client.expect("<message … id='1' …/>");
    const next = await resuming(server, id, 0);
    await next.expect(`<resumed xmlns='${SM}' previd='${id}' h='0'/><message … id='1' …</message>`);
    expect(await client.ended()).toBe("</stream:stream>");
  });

  test("of Prosody, the old connection gets a bare FIN", async () => {
    const server = await serveManaged({ like: "prosody" });
    const { client, id } = await juliet(server);
    const next = await resuming(server, id, 0);
    await next.expect(`<resumed xmlns='${SM}' previd='${id}' h='0'/>`);
    expect(await client.ended()).toBe("");
  });

  test("iqs and stanzas with a delay of their own are sent again as they were", async () => {
    const server = await serveManaged();
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    await cut(server, client, 1);
    const old = "<delay xmlns='urn:xmpp:delay' stamp='2020-01-01T00:00:00Z'/>";
    sender.say(`
      <iq to='juliet@localhost/balcony' type='get' id='q'><query xmlns='urn:x'/></iq>
      <message to='juliet@localhost/balcony' id='old'>${old}</message>`);
    await sender.play(`
      C: ${PING}
      S: <iq id='p' …/>
    `);
    await (await resuming(server, id, 0)).expect(
      `
      <resumed …/><iq to='juliet@localhost/balcony' type='get' id='q' from='romeo@localhost/garden'><query xmlns='urn:x'/></iq><message to='juliet@localhost/balcony' id='old' from='romeo@localhost/garden'>${old}</message>`.trim(),
    );
  });

  test("is asked behind the replay", async () => {
    const server = await serveManaged({ asks: true });
    const { client, id } = await juliet(server);
    (await romeo(server)).say(note("1"));
    await client.expect(`<message … id='1' …/><r xmlns='${SM}'/>`);
    await cut(server, client, 1);
    await (await resuming(server, id, 0)).expect(
      `<resumed …/><message … id='1' …</message><r xmlns='${SM}'/>`,
    );
  });

  test("is resumed with a bind phase that may be mute", async () => {
    const server = await serveManaged();
    const { client, id } = await juliet(server);
    await cut(server, client, 0);
    server.faults.mute("bind");
    const next = await resuming(server, id, 0);
    await expect.poll(() => server.connections[0]?.address).toBe("juliet@localhost/balcony");
    next.cut();
    await connections(server, 0);
    await server.faults.clear();
    await (await resuming(server, id, 0)).expect("<resumed …/>");
  });

  test("is resumed only by its own account", async () => {
    const server = await serveManaged();
    const { client, id } = await juliet(server);
    await cut(server, client, 0);
    const thief = await authenticate(server, "romeo");
    await thief.play(`
      C: <resume xmlns='${SM}' previd='${id}' h='0'/>
      S: ${GONE}
    `);
    await (await resuming(server, id, 0)).expect("<resumed …/>");
  });
});

describe("a session that cannot be resumed", () => {
  test.each([
    ["</stream:stream>", "</stream:stream>"],
    ["<message></presence>", "<stream:error><not-well-formed …</stream:error></stream:stream>"],
    ["<message from='x@y'/>", "<stream:error><invalid-from …</stream:error></stream:stream>"],
    [
      `<a xmlns='${SM}' h='9'/>`,
      "<stream:error><undefined-condition …</stream:error></stream:stream>",
    ],
  ])("ends with its stream: %s", async (sent, answer) => {
    const server = await serveManaged();
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    sender.say(note("1"));
    await client.play(`
      S: <message … id='1' …/>
      C: ${sent}
      S: ${answer}
    `);
    await client.ended();
    // It had arrived, and nobody had said so.
    await sender.expect(returned("1"));
    await (await resuming(server, id, 1)).expect(GONE);
  });

  test.each(["</stream:stream>", "<message from='x@y'/>"])(
    "ends with %s also if the connection is cut before that is read",
    async (sent) => {
      const server = await serveManaged();
      const sender = await romeo(server);
      const { client, id } = await juliet(server);
      const [slow, fast] = server.connections;
      // The words to Romeo wait: beyond 1 MiB of them, Juliet's next element is not read.
      slow?.faults.delay(60_000);
      const heap = (bytes: number): string =>
        `<message to='romeo@localhost/garden'>${"x".repeat(bytes)}</message>`;
      const received = async (count: number) => {
        await expect.poll(() => server.received.length).toBe(count);
      };
      client.say(heap(524_000) + heap(524_000));
      await received(3);
      client.say(heap(500) + sent);
      await received(4);
      fast?.faults.cut();
      await client.ended();
      sender.cut();
      await connections(server, 0);
      await (await resuming(server, id, 0)).expect(GONE);
    },
  );

  test("is one that did not ask for it", async () => {
    const server = await serveManaged();
    const client = await login(server, "juliet", "balcony");
    await client.play(`
      C: <enable xmlns='${SM}'/>
      S: <enabled xmlns='${SM}'/>
    `);
    const sender = await romeo(server);
    sender.say(note("1") + note("2"));
    await client.play(`
      S: <message … id='1' …/><message … id='2' …/>
      C: <a xmlns='${SM}' h='1'/>
      C: (cut)
    `);
    await sender.expect(returned("2"));
    expect(sender.heard).not.toContain("id='1'");
  });

  test("is one of another server", async () => {
    const { client, id } = await juliet(await serveManaged());
    client.cut();
    await (await resuming(await serveManaged(), id, 0)).expect(GONE);
  });
});

describe("when the window has passed", () => {
  test("others hear that it is gone, and get back what was not acknowledged", async () => {
    const server = await serveManaged({ window: 0 });
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    const other = await login(server, "juliet", "hall");
    await other.play(`
      C: <presence/>
      S: <presence …/>
    `);
    client.say("<presence/>");
    await other.expect("<presence from='juliet@localhost/balcony' to='juliet@localhost/hall'/>");
    sender.say(note("1"));
    await client.expect("…<message … id='1' …/>");
    client.cut();
    await other.expect("<presence type='unavailable' from='juliet@localhost/balcony' …/>");
    await sender.expect(returned("1"));
    // The server tells once how many stanzas it has handled: the presence.
    await (await resuming(server, id, 0)).play(`
      S: <failed xmlns='${SM}' h='1'><item-not-found xmlns='${ERRORS}'/></failed>
      C: <resume xmlns='${SM}' previd='${id}' h='0'/>
      S: ${GONE}
      C: ${BIND}
      S: <iq id='b' type='result'>…</iq>
    `);
  });

  test("like Prosody, it goes back also where another resource could take it", async () => {
    const server = await serveManaged({ like: "prosody", window: 0 });
    const { client } = await juliet(server);
    const sender = await romeo(server);
    const other = await login(server, "juliet", "hall");
    sender.say(note("1"));
    await client.expect("<message … id='1' …/>");
    client.cut();
    await sender.expect(returned("1"));
    sender.say("<message to='juliet@localhost/hall' id='2'/>");
    await other.expect("<message to='juliet@localhost/hall' id='2' …/>");
  });

  test("`failedTellsH: false` keeps the number to itself", async () => {
    const server = await serveManaged({ window: 0, failedTellsH: false });
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    sender.say(note("1"));
    await client.expect("<message … id='1' …/>");
    client.cut();
    await sender.expect(returned("1"));
    await (await resuming(server, id, 0)).expect(GONE);
  });

  test.each([
    [{ max: 60 }, 60_000],
    [{ like: "prosody" as const }, 600_000],
    [{ window: 1500 }, 1500],
  ])("with %j it is %d ms long, from the loss on", async (management, window) => {
    const server = await serveManaged(management);
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    await sender.play(`
      C: ${note("1")}
    `);
    await client.expect("<message … id='1' …/>");
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    try {
      await cut(server, client, 1);
      vi.advanceTimersByTime(window - 1);
      const next = await resuming(server, id, 0);
      await next.expect("<resumed …/>");
      // The old window has no end any more.
      vi.advanceTimersByTime(window);
      await next.play(`
        S: …</message>
        C: ${PING}
        S: ${PONG}
      `);
      await cut(server, next, 1);
      vi.advanceTimersByTime(window);
      await (await resuming(server, id, 0)).expect(`<failed xmlns='${SM}' h='1'>…</failed>`);
    } finally {
      vi.useRealTimers();
    }
    await sender.expect(returned("1"));
  });
});

describe("an h in <resume/> that cannot be", () => {
  /** A session that got two messages, acknowledged the first, and was lost then. */
  async function lostAfterOne(like: "ejabberd" | "prosody") {
    const server = await serveManaged({ like });
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    sender.say(note("1") + note("2"));
    await client.play(`
      S: <message … id='1' …/><message … id='2' …/>
      C: <a xmlns='${SM}' h='1'/><r xmlns='${SM}'/>
      S: <a …/>
    `);
    await cut(server, client, 1);
    return { server, sender, id };
  }

  const REFUSED = `<stream:error><undefined-condition xmlns='${STREAMS}'/>…</stream:error></stream:stream>`;

  test.each([
    ["ejabberd", 3, REFUSED],
    ["prosody", 3, ""],
    ["prosody", 0, ""],
  ] as const)(
    "like %s, h=%d ends the session, even for the right one later",
    async (like, h, end) => {
      const { server, sender, id } = await lostAfterOne(like);
      const next = await resuming(server, id, h);
      if (end === "") expect(await next.ended()).toBe("");
      else await next.expect(end);
      await sender.expect(returned("2"));
      await (await resuming(server, id, 2)).expect(GONE);
    },
  );

  test("like ejabberd, one that goes back is passed over, and nothing acknowledged comes again", async () => {
    const { server, id } = await lostAfterOne("ejabberd");
    await (await resuming(server, id, 0)).expect(
      `<resumed xmlns='${SM}' previd='${id}' h='0'/><message … id='2' …</message>`,
    );
  });

  test.each(["ejabberd", "prosody"] as const)(
    "like %s, the connection that was still there ends too",
    async (like) => {
      const server = await serveManaged({ like });
      const { client, id } = await juliet(server);
      await (await resuming(server, id, 1)).ended();
      expect(await client.ended()).toBe(like === "prosody" ? "" : "</stream:stream>");
    },
  );
});

describe("more than the limit", () => {
  test("like ejabberd, it ends the stream, and all are returned, those that arrived too", async () => {
    const server = await serveManaged({ like: "ejabberd", limit: 2 });
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    sender.say(note("1") + note("2"));
    await client.expect("<message … id='1' …/><message … id='2' …/>");
    sender.say(note("3"));
    await client.play(`
      S: <message … id='3' …/><stream:error><policy-violation xmlns='${STREAMS}'/><text …>Too many unacked stanzas</text></stream:error></stream:stream>
    `);
    await sender.expect(returned("1") + returned("2") + returned("3"));
    await (await resuming(server, id, 3)).expect(GONE);
  });

  test("like ejabberd, it ends a session that waits", async () => {
    const server = await serveManaged({ like: "ejabberd", limit: 2 });
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    await cut(server, client, 1);
    sender.say(note("1") + note("2") + note("3") + note("4"));
    await sender.expect(returned("1") + returned("2") + returned("3") + returned("4"));
    await (await resuming(server, id, 0)).expect(GONE);
  });

  test("an acknowledgement makes room", async () => {
    const server = await serveManaged({ limit: 2 });
    const { client } = await juliet(server);
    const sender = await romeo(server);
    for (let round = 1; round <= 9; round++) {
      sender.say(note(`${round}`));
      await client.play(`
        S: <message … id='${round}' …/>
        C: <a xmlns='${SM}' h='${round - 1}'/><r xmlns='${SM}'/>
        S: <a …/>
      `);
    }
  });

  test("like Prosody, the oldest are forgotten: the stream goes on, and resuming gets a bare FIN", async () => {
    const server = await serveManaged({ like: "prosody", limit: 2 });
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    sender.say(note("1") + note("2") + note("3"));
    await client.expect("<message … id='1' …/><message … id='2' …/><message … id='3' …/>");
    await cut(server, client, 1);
    expect(await (await resuming(server, id, 0)).ended()).toBe("");
    await sender.expect(returned("2") + returned("3"));
    expect(sender.heard).not.toContain("id='1'");
    await (await resuming(server, id, 3)).expect(GONE);
  });

  test("like Prosody, a client that had handled the forgotten ones resumes", async () => {
    const server = await serveManaged({ like: "prosody", limit: 2 });
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    sender.say(note("1") + note("2") + note("3"));
    await client.expect("<message … id='1' …/><message … id='2' …/><message … id='3' …/>");
    await cut(server, client, 1);
    await (await resuming(server, id, 2)).expect(
      `<resumed xmlns='${SM}' previd='${id}' h='0'/><message … id='3' …</message>`,
    );
  });
});

describe("a resource that is bound again", () => {
  test.each(["refuse", "replace"] as const)(
    "ends the session that waits, also with conflict: %s",
    async (conflict) => {
      const server = await serve({ conflict, management: { asks: false } });
      const { client, id } = await juliet(server);
      const sender = await romeo(server);
      await cut(server, client, 1);
      sender.say(note("1"));
      await sender.play(`
        C: ${PING}
        S: <iq id='p' …/>
      `);
      const next = await login(server, "juliet", "balcony");
      await sender.expect(returned("1"));
      next.say(PING);
      await next.expect(PONG);
      await (await resuming(server, id, 0)).expect(GONE);
    },
  );

  test("like Prosody, gets what the old session had not acknowledged, behind the result", async () => {
    const server = await serveManaged({ like: "prosody" });
    const { client } = await juliet(server);
    const sender = await romeo(server);
    sender.say(note("1"));
    await client.expect("<message … id='1' …/>");
    await cut(server, client, 1);
    const next = await login(server, "juliet", "balcony");
    await next.expect(
      "<message to='juliet@localhost/balcony' id='1' from='romeo@localhost/garden'/>",
    );
  });

  test("takes the session of a connection that is there, with `replace`", async () => {
    const server = await serve({
      conflict: "replace",
      management: { like: "prosody", asks: false },
    });
    const { client } = await juliet(server);
    (await romeo(server)).say(note("1"));
    await client.expect("<message … id='1' …/>");
    const next = await login(server, "juliet", "balcony");
    await client.expect(`<stream:error><conflict …</stream:error></stream:stream>`);
    await next.expect("<message … id='1' …/>");
  });
});

describe("a cut inside a stanza", () => {
  const HALVES: readonly [string, string][] = [
    ["inside a tag", "<message to='romeo@localhost/garden' i"],
    ["inside a text", "<message to='romeo@localhost/garden' id='half'><body>ha"],
    ["inside an end tag", "<message to='romeo@localhost/garden' id='half'><body>half</bo"],
  ];

  test.each(HALVES)("%s leaves nothing behind where the parser is new", async (_, half) => {
    const server = await serveManaged({ like: "ejabberd" });
    const { client, id } = await juliet(server);
    client.say(half);
    await cut(server, client, 0);
    await (await resuming(server, id, 0)).play(`
      S: <resumed xmlns='${SM}' previd='${id}' h='0'/>
      C: ${PING}<r xmlns='${SM}'/>
      S: ${PONG}<a xmlns='${SM}' h='1'/>
    `);
  });

  test.each([HALVES[0], HALVES[2]] as [string, string][])(
    "%s is in the parser of Prosody still: what comes next is not well-formed, and the session is gone",
    async (_, half) => {
      const server = await serveManaged({ like: "prosody" });
      const { client, id } = await juliet(server);
      client.say(half);
      await cut(server, client, 0);
      await (await resuming(server, id, 0)).play(`
        S: <resumed xmlns='${SM}' previd='${id}' h='0'/>
        C: ${PING}
        S: <stream:error><not-well-formed …</stream:error></stream:stream>
      `);
      await (await resuming(server, id, 0)).expect(GONE);
    },
  );

  test("inside a text is in the parser of Prosody still: all that follows is swallowed", async () => {
    const server = await serveManaged({ like: "prosody" });
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    client.say("<message to='romeo@localhost/garden' id='half'><body>ha");
    await cut(server, client, 1);
    const next = await resuming(server, id, 0);
    await next.play(`
      S: <resumed xmlns='${SM}' previd='${id}' h='0'/>
      C: ${PING}</body></message><r xmlns='${SM}'/>
      S: <a xmlns='${SM}' h='1'/>
    `);
    // The end tags of the test show where the ping went.
    await sender.expect("<message … id='half' …><body>ha<iq …</iq></body></message>");
  });

  test("a connection that the server had not given up takes its half stanza along", async () => {
    const server = await serveManaged({ like: "prosody" });
    const { client, id } = await juliet(server);
    const sender = await romeo(server);
    client.say("<presence/><message to='romeo@localhost/garden' id='half'><body>one ");
    await client.expect("<presence …/>");
    const next = await resuming(server, id, 1);
    await next.play(`
      S: <resumed xmlns='${SM}' previd='${id}' h='1'/>
      C: message</body></message>
    `);
    await sender.expect("<message … id='half' …><body>one message</body></message>");
  });

  test("between two stanzas does no harm at Prosody", async () => {
    const server = await serveManaged({ like: "prosody" });
    const { client, id } = await juliet(server);
    client.say("<presence/> ");
    await client.expect("<presence …/>");
    await cut(server, client, 0);
    await (await resuming(server, id, 1)).play(`
      S: <resumed xmlns='${SM}' previd='${id}' h='1'/>
      C: ${PING}<r xmlns='${SM}'/>
      S: ${PONG}<a xmlns='${SM}' h='2'/>
    `);
  });
});
