import { describe, expect, test } from "vitest";
import { attempt } from "./attempt.ts";
import {
  BINDING,
  bound,
  features,
  OPENING,
  PROVED,
  romeo,
  SASL,
  SCRAM,
  STARTTLS,
  TLS,
} from "./xmpp-conversation.ts";

describe("TLS", () => {
  const inClear = `${OPENING}
    S: <stream:features><mechanisms xmlns='${SASL}'><mechanism>PLAIN</mechanism></mechanisms></stream:features>`;

  test("that is required and not offered ends in TLS_UNAVAILABLE, and nothing is said in clear", async () => {
    const { error, events, peer } = await attempt(romeo, inClear);
    expect(error?.code).toBe("TLS_UNAVAILABLE");
    expect(events.slice(3)).toEqual(["stream:start", "tls:failure TLS_UNAVAILABLE", "stream:end"]);
    expect(peer.heard).not.toContain("<auth");
  });

  test("that the server insists on and the options forbid ends in TLS_REQUIRED", async () => {
    const { error, peer } = await attempt(
      romeo,
      `${OPENING}
      S: <stream:features><starttls xmlns='${TLS}'><required/></starttls></stream:features>`,
      { tls: "plaintext" },
    );
    expect(error?.code).toBe("TLS_REQUIRED");
    expect(peer.heard).not.toContain("<starttls");
  });

  test("that is opportunistic is taken where it is offered", async () => {
    const { ready, events, broker } = await attempt(
      romeo,
      `${OPENING}
      S: <stream:features><starttls xmlns='${TLS}'/></stream:features>
      C: <starttls xmlns='${TLS}'/>
      S: <proceed xmlns='${TLS}'/>
      ${PROVED}${BINDING}${bound("user@example.org/balcony")}`,
      { tls: "opportunistic" },
    );
    expect(ready).toBeDefined();
    expect(events).toContain("tls:success");
    broker.halt();
  });

  test.each(["opportunistic", "plaintext"] as const)(
    "that is %s and not offered is done without",
    async (tls) => {
      const { ready, events, broker } = await attempt(
        romeo,
        `${PROVED}${BINDING}${bound("user@example.org/balcony")}`,
        { tls },
      );
      expect(ready).toBeDefined();
      expect(events.join(" ")).not.toContain("tls:");
      broker.halt();
    },
  );

  test("that is plaintext is not begun though it is offered", async () => {
    const { ready, broker } = await attempt(
      romeo,
      `${OPENING}
      S: <stream:features><starttls xmlns='${TLS}'/><mechanisms xmlns='${SASL}'>
         <mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>
      ${SCRAM.slice(SCRAM.indexOf("C: <auth"))}
      S: <success xmlns='${SASL}'>dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9</success>
      ${BINDING}${bound("user@example.org/balcony")}`,
      { tls: "plaintext" },
    );
    expect(ready).toBeDefined();
    broker.halt();
  });

  test("that fails is not followed by a login in clear, also where it is opportunistic", async () => {
    const { error, peer } = await attempt(
      romeo,
      `${OPENING}
      S: <stream:features><starttls xmlns='${TLS}'/><mechanisms xmlns='${SASL}'>
         <mechanism>PLAIN</mechanism></mechanisms></stream:features>
      C: <starttls xmlns='${TLS}'/>
      S: <failure xmlns='${TLS}'/>`,
      { tls: "opportunistic" },
    );
    expect(error?.code).toBe("TLS_FAILED");
    expect(peer.heard).not.toContain("<auth");
  });

  test("after which the server says something in clear is an attack", async () => {
    const { error } = await attempt(
      romeo,
      `${STARTTLS}<stream:features><mechanisms xmlns='${SASL}'><mechanism>PLAIN</mechanism></mechanisms></stream:features>`,
    );
    expect(error?.code).toBe("PROTOCOL_ERROR");
  });

  test("that is direct is there before the stream, and is not begun again inside", async () => {
    const { ready, events, peer, broker } = await attempt(
      romeo,
      `${SCRAM.replace("<stream:features>", `<stream:features><starttls xmlns='${TLS}'><required/></starttls>`)}
      S: <success xmlns='${SASL}'>dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9</success>
      ${BINDING}${bound("user@example.org/balcony")}`,
      { tls: "direct" },
    );
    expect(ready).toBeDefined();
    expect(events.slice(2, 7)).toEqual([
      "connected",
      "tls:start",
      "tls:success",
      "stream:start",
      "auth:start SCRAM-SHA-1",
    ]);
    expect(peer.heard).not.toContain("<starttls");
    broker.halt();
  });

  test("makes forget what was offered in clear", async () => {
    const { error, peer } = await attempt(
      romeo,
      `${OPENING}
      S: <stream:features><starttls xmlns='${TLS}'/><mechanisms xmlns='${SASL}'>
         <mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>
      C: <starttls xmlns='${TLS}'/>
      S: <proceed xmlns='${TLS}'/>
      ${features("")}`,
    );
    expect(error?.code).toBe("NO_MECHANISM");
    expect(peer.heard).not.toContain("<auth");
  });
});
