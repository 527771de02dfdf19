import { describe, expect, test } from "vitest";
import { component } from "../../src/dialect/component.ts";
import { legacy } from "../../src/dialect/legacy.ts";
import { xmpp } from "../../src/dialect/xmpp.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
import { xml } from "../../src/xml/element.ts";
import { codeOf, readyLine } from "../broker/line.ts";
import { attempt } from "../dialect/attempt.ts";
import {
  BIND,
  BINDING,
  bound,
  features,
  OPENING,
  PROVED,
  romeo,
  STREAMS,
  TLS,
} from "../dialect/xmpp-conversation.ts";
import { asBodies, bodyChannel } from "./body-channel-double.ts";

const FINAL = ["conflict", "host-unknown", "not-authorized"];
const CONDITIONS = [
  ...[
    "bad-format",
    "bad-namespace-prefix",
    "connection-timeout",
    "host-gone",
    "improper-addressing",
  ],
  ...[
    "internal-server-error",
    "invalid-from",
    "invalid-namespace",
    "invalid-xml",
    "not-well-formed",
  ],
  ...[
    "policy-violation",
    "remote-connection-failed",
    "reset",
    "resource-constraint",
    "restricted-xml",
  ],
  ...["see-other-host", "system-shutdown", "undefined-condition", "unsupported-encoding"],
  ...[
    "unsupported-feature",
    "unsupported-stanza-type",
    "unsupported-version",
    "xml-not-well-formed",
  ],
  "a-condition-of-its-own",
  ...FINAL,
];

test.each(CONDITIONS)("once ready, a stream that ends by %s", async (condition) => {
  const { broker, server } = await readyLine();
  server.say(`<stream:error><${condition} xmlns='${STREAMS}'/></stream:error>`);
  expect(await broker.closed).toMatchObject({
    code: "STREAM_ERROR",
    condition,
    retryable: !FINAL.includes(condition),
  });
});

describe("an error header that has neither version nor id", () => {
  const BARE =
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
  const COMPONENT = BARE.replace("jabber:client", "jabber:component:accept");
  const error = (condition: string) =>
    `<stream:error><${condition} xmlns='${STREAMS}'/></stream:error></stream:stream>`;
  const shakespeare = component({ domain: "plays.shakespeare.lit", secret: "x" });
  const bill = legacy({ jid: "bill@shakespeare.lit/globe", password: "Calli0pe" });

  const rows = [
    ["xmpp", romeo, BARE, "invalid-namespace"],
    ["xmpp", romeo, BARE, "see-other-host"],
    ["xmpp", romeo, BARE, "system-shutdown"],
    ["component", shakespeare, COMPONENT, "host-unknown"],
    ["legacy", bill, BARE, "unsupported-version"],
  ] as const;

  test.each(rows)(
    "does not hide the error behind it: %s",
    async (_, dialect, header, condition) => {
      for (const between of ["", "\n  S: "]) {
        const { error: reason } = await attempt(
          dialect,
          `C: <stream:stream …>
        S: ${header}${between}${error(condition)}`,
          { tls: "plaintext" },
        );
        expect(reason).toMatchObject({ code: "STREAM_ERROR", condition });
      }
    },
  );
});

describe("what stands behind the end of the login in one piece", () => {
  const large = `<message><body>${"<b/>".repeat(5000)}</body></message>`;

  test("is read by the limits that hold then: after the bind result", async () => {
    const { broker, ready, error } = await attempt(
      romeo,
      `${PROVED}${BINDING}${bound("user@example.org/balcony")}${large}`.replace(
        "</iq><m",
        "</iq><m",
      ),
      { tls: "plaintext" },
    );
    expect(error).toBeUndefined();
    expect(ready).toBeDefined();
    expect(broker.phase.name).toBe("ready");
    broker.halt();
  });

  test("is read by the limits that hold then: after <handshake/>", async () => {
    let elements = 0;
    const { broker, peer } = await attempt(
      component({ domain: "plays.shakespeare.lit", secret: "x" }),
      `C: <stream:stream …>
      S: <stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>
      C: <handshake>…</handshake>
      S: <handshake/>${large.replace("<message", "<message to='a@plays.shakespeare.lit'")}`,
      {},
      (waiting) => {
        waiting.filter("count(//*)", ({ value }) => {
          elements = Number(value);
        });
      },
    );
    await peer.done;
    await expect.poll(() => elements).toBe(5002);
    broker.halt();
  });
});

describe("stanzas, nonzas and features that come before", () => {
  const EARLY = [
    "<message from='a@b'><body>m</body></message>",
    "<presence from='a@b'/>",
    "<iq type='set' id='push' from='user@example.org'><query xmlns='jabber:iq:roster'/></iq>",
    "<iq type='result' id='foreign'/>",
    "<stream:features/>",
  ].join("");
  const seen = ["message", "presence", "iq", "iq"];

  const run = async (dialect: Parameters<typeof attempt>[0], script: string) => {
    const names: string[] = [];
    const { broker, ready } = await attempt(dialect, script, { tls: "plaintext" }, (waiting) => {
      waiting.on("received", ({ stanza }) => names.push(stanza.name));
    });
    await expect.poll(() => names.length).toBe(seen.length);
    broker.halt();
    return { names, jid: ready?.jid };
  };

  test("the bind result are delivered once ready, in order", async () => {
    const script = `${PROVED}${features(`<bind xmlns='${BIND}'/>`)}
      C: <iq type='set' id='{id}'>…</iq>
      S: ${EARLY}${bound("user@example.org/balcony")}`;
    expect(await run(romeo, script)).toEqual({ names: seen, jid: "user@example.org/balcony" });
  });

  test("the result of iq:auth are delivered once ready, in order", async () => {
    const script = `C: <stream:stream …>
      S: <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1'>
      C: <iq type='get' id='{a}'>…</iq>
      S: <iq type='result' id='{a}'><query xmlns='jabber:iq:auth'><username/><digest/><resource/></query></iq>
      C: <iq type='set' id='{b}'>…</iq>
      S: ${EARLY}<iq type='result' id='{b}'/>`;
    const bill = legacy({ jid: "user@example.org/globe", password: "pencil" });
    expect(await run(bill, script)).toEqual({ names: seen, jid: "user@example.org/globe" });
  });

  test("<handshake/> are delivered once ready, in order", async () => {
    const script = `C: <stream:stream …>
      S: <stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>
      C: <handshake>…</handshake>
      S: ${EARLY}<handshake/>`;
    const service = component({ domain: "example.org", secret: "x" });
    expect(await run(service, script)).toEqual({ names: seen, jid: "example.org" });
  });

  test("more than a thousand stanzas before the end of a login are too many", async () => {
    const script = `${PROVED}${features(`<bind xmlns='${BIND}'/>`)}
      C: <iq type='set' id='{id}'>…</iq>
      S: ${"<presence/>".repeat(1001)}`;
    const { error } = await attempt(romeo, script, { tls: "plaintext" });
    expect(error?.code).toBe("POLICY_VIOLATION");
  });

  test.each([
    [10, 10_000, undefined],
    [80, 10_000, "more than 10000 bytes (inbox.bytes) before the login was over"],
    [80, 11_000, undefined],
  ])("%d elements before its end, where inbox.bytes is %d: %s", async (count, bytes, reason) => {
    const script = `${PROVED}${features(`<bind xmlns='${BIND}'/>`)}
      C: <iq type='set' id='{id}'>…</iq>
      S: <message>${"<a/>".repeat(count)}</message>${bound("user@example.org/balcony")}`;
    const inbox = { bytes };
    const { error, broker } = await attempt(romeo, script, { tls: "plaintext", inbox });
    expect(error?.message).toBe(
      reason === undefined ? undefined : `the input exceeds a limit: ${reason}`,
    );
    broker.halt();
  });
});

describe("white space", () => {
  test("between <success/> and the next stream belongs to the old one", async () => {
    const { ready, broker } = await attempt(
      romeo,
      `${PROVED}
      S: (bytes 0a)
      ${BINDING}${bound("user@example.org/balcony")}`,
      { tls: "plaintext" },
    );
    expect(ready?.jid).toBe("user@example.org/balcony");
    broker.halt();
  });

  const PROCEED = `${OPENING}
    S: <stream:features><starttls xmlns='${TLS}'/></stream:features>
    C: <starttls xmlns='${TLS}'/>
    S: <proceed xmlns='${TLS}'/>`;

  test.each([
    ["a blank", " "],
    ["1 KiB of it", " ".repeat(1024)],
    ["an element", "<a/>"],
  ])("behind <proceed/> is as fatal as any other byte: %s", async (_, bytes) => {
    // (A script's lines are trimmed: the end of the white space is a remark of XML that never comes.)
    const hex = Array.from(new TextEncoder().encode(bytes), (byte) =>
      byte.toString(16).padStart(2, "0"),
    ).join(" ");
    const { error } = await attempt(romeo, `${PROCEED}\nS: (bytes ${hex})`);
    expect(error?.code).toBe("PROTOCOL_ERROR");
  });
});

test("an exception between the last step of a login and ready ends the link, not the process", async () => {
  const script = asBodies(`${PROVED}${BINDING}${bound("user@example.org/balcony")}`);
  const { transport } = new ScriptedPeer(script);
  const factory = bodyChannel(transport);
  const { broker } = await attempt(
    xmpp({ jid: "user@example.org/balcony", password: "pencil" }),
    "",
    {
      tls: "plaintext",
      transport: {
        async channel(target, signal) {
          const channel = await factory.channel(target, signal);
          let calls = 0;
          channel.setLimits = () => {
            // The first call is at the end of authentication, the second once ready.
            if (++calls === 2) throw new RangeError("no such limits");
          };
          return channel;
        },
      },
    },
  );
  expect(await broker.closed).toMatchObject({ code: "HANDLER_FAILED" });
});

test("a promise that nobody awaits never ends the process", async () => {
  const { broker, server } = await readyLine();
  const first = broker.waitFor("/never");
  void broker.waitFor("/never either");
  void broker.request(xml("iq", { type: "get" }));
  void broker.send(xml("message")).acked();
  server.cut();
  expect(await codeOf(first)).toBe("DISCONNECTED");
});
