import { describe, expect, test } from "vitest";
import { StreamError } from "../../src/stream/stream-error.ts";
import { attempt, attemptAtMute, type Deadline } from "./attempt.ts";
import {
  BIND,
  BINDING,
  bound,
  features,
  OPENING,
  PROVED,
  romeo,
  SCRAM,
  SESSION,
  STARTTLS,
  STREAMS,
} from "./xmpp-conversation.ts";

/** Everything up to the point at which the peer fails, and the code and event of a peer that is mute there. */
const phases: { phase: string; script: string; mute: Deadline; event?: string }[] = [
  { phase: "the header", script: "\nC: <stream:stream …>", mute: "TIMEOUT_STREAM" },
  { phase: "the features", script: OPENING, mute: "TIMEOUT_STREAM" },
  {
    phase: "<proceed/>",
    script: STARTTLS.slice(0, STARTTLS.lastIndexOf("S:")),
    mute: "TIMEOUT_TLS",
    event: "tls:failure",
  },
  {
    phase: "the header after TLS",
    script: `${STARTTLS}\nC: <stream:stream …>`,
    mute: "TIMEOUT_STREAM",
  },
  {
    phase: "the first challenge",
    script: STARTTLS + SCRAM.slice(0, SCRAM.indexOf("S: <challenge")),
    mute: "TIMEOUT_AUTH",
    event: "auth:failure",
  },
  { phase: "<success/>", script: STARTTLS + SCRAM, mute: "TIMEOUT_AUTH", event: "auth:failure" },
  {
    phase: "the features after authentication",
    script: STARTTLS + PROVED + OPENING,
    mute: "TIMEOUT_STREAM",
  },
  {
    phase: "the answer to bind",
    script: STARTTLS + PROVED + BINDING,
    mute: "TIMEOUT_BIND",
    event: "bind:failure",
  },
  {
    phase: "the answer to the session",
    script: `${STARTTLS}${PROVED}
      ${features(`<bind xmlns='${BIND}'/><session xmlns='${SESSION}'/>`)}
      C: <iq type='set' id='{id}'>…</iq>
      ${bound("user@example.org/balcony")}
      C: <iq type='set' id='{other}'>…</iq>`,
    mute: "TIMEOUT_BIND",
    event: "session:failure",
  },
];

describe.each(phases)("a server that, in place of $phase,", ({ script, mute, event }) => {
  test("stays mute", async () => {
    const { events } = await attemptAtMute(romeo, script, mute);
    if (event !== undefined) expect(events).toContain(`${event} ${mute}`);
  });

  test.each([
    ["cuts the connection", "(cut)", "DISCONNECTED"],
    ["ends it", "(end)", "DISCONNECTED"],
    ["sends what is no XML", "<1>", "NOT_WELL_FORMED"],
  ])("%s", async (_, line, code) => {
    const { error, events, peer } = await attempt(romeo, `${script}\nS: ${line}`);
    expect(error?.code).toBe(code);
    if (event !== undefined) expect(events).toContain(`${event} ${code}`);
    await peer.over;
  });
});

const opened = phases.filter(({ phase }) => !phase.startsWith("the header"));

describe.each(opened)(
  "a server whose stream is open and that, in place of $phase,",
  ({ script, event }) => {
    test("refuses to go on", async () => {
      const { error } = await attempt(
        romeo,
        `${script}\nS: <stream:error><host-unknown xmlns='${STREAMS}'/></stream:error></stream:stream>`,
      );
      expect(error).toBeInstanceOf(StreamError);
      expect(error).toMatchObject({ code: "STREAM_ERROR", condition: "host-unknown" });
    });

    test("closes the stream", async () => {
      const { error } = await attempt(romeo, `${script}\nS: </stream:stream>`);
      expect(error?.code).toBe("DISCONNECTED");
    });

    test("sends something else", async () => {
      const { error, events } = await attempt(romeo, `${script}\nS: <foo xmlns='urn:foo'/>`);
      expect(error?.code).toBe("PROTOCOL_ERROR");
      if (event !== undefined) expect(events).toContain(`${event} PROTOCOL_ERROR`);
    });
  },
);

test("a server from before XMPP 1.0 is told from one that is mute", async () => {
  const { error } = await attempt(romeo, OPENING.replace(" version='1.0'", ""), {
    tls: "plaintext",
  });
  expect(error?.code).toBe("PROTOCOL_ERROR");
  expect(error?.message).toContain("legacy");
});
