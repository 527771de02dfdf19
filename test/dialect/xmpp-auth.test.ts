import { describe, expect, test } from "vitest";
import { xmpp } from "../../src/dialect/xmpp.ts";
import { AuthError } from "../../src/sasl/auth-error.ts";
import type { PasswordRequest } from "../../src/sasl/password.ts";
import { attempt } from "./attempt.ts";
import { logins } from "./logins.ts";
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
} from "./xmpp-conversation.ts";

describe("authentication", () => {
  const offering = (...names: string[]): string => `${STARTTLS}
    ${features(`<mechanisms xmlns='${SASL}'>${names.map((name) => `<mechanism>${name}</mechanism>`).join("")}</mechanisms>`)}`;

  test("is refused once and tried once", async () => {
    const { error, events, peer } = await attempt(
      romeo,
      `${SCRAM.replace(OPENING, STARTTLS + OPENING).replace("<mechanism>PLAIN</mechanism>", "<mechanism>PLAIN</mechanism><mechanism>SCRAM-SHA-1-PLUS</mechanism>")}
      S: <failure xmlns='${SASL}'><not-authorized/><text>no such luck</text></failure>
      C: </stream:stream>`,
    );
    await peer.done;
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({
      code: "AUTH_FAILED",
      mechanism: "SCRAM-SHA-1",
      condition: "not-authorized",
      retryable: false,
    });
    expect(error?.message).toContain("no such luck");
    expect(events.slice(-3)).toEqual([
      "auth:start SCRAM-SHA-1",
      "auth:failure AUTH_FAILED",
      "stream:end",
    ]);
    expect(peer.heard.match(/<auth /g)).toHaveLength(1);
  });

  test("that fails for a while may be tried again", async () => {
    const { error } = await attempt(
      romeo,
      `${STARTTLS}${SCRAM}
      S: <failure xmlns='${SASL}'><temporary-auth-failure/></failure>`,
    );
    expect(error).toMatchObject({ condition: "temporary-auth-failure", retryable: true });
  });

  test("goes on with the next mutual mechanism where the server does not accept one after all", async () => {
    const { error, events } = await attempt(
      romeo,
      `${offering("PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-512", "SCRAM-SHA-256")}
      C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-512'>…</auth>
      S: <failure xmlns='${SASL}'><invalid-mechanism/></failure>
      C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-256'>…</auth>
      S: <failure xmlns='${SASL}'><invalid-mechanism/></failure>
      C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>…</auth>
      S: <failure xmlns='${SASL}'><invalid-mechanism/></failure>
      C: </stream:stream>`,
    );
    expect(error).toMatchObject({ code: "AUTH_FAILED", condition: "invalid-mechanism" });
    expect(events.filter((event) => event.startsWith("auth:"))).toEqual([
      "auth:start SCRAM-SHA-512",
      "auth:start SCRAM-SHA-256",
      "auth:start SCRAM-SHA-1",
      "auth:failure AUTH_FAILED",
    ]);
  });

  test("by PLAIN inside TLS, where nothing stronger is offered", async () => {
    const { ready, peer, broker } = await attempt(
      romeo,
      `${offering("PLAIN", "X-OAUTH2")}
      C: <auth xmlns='${SASL}' mechanism='PLAIN'>${btoa("\0user\0pencil")}</auth>
      S: <success xmlns='${SASL}'/>
      ${BINDING}${bound("user@example.org/balcony")}`,
    );
    expect(ready).toBeDefined();
    await peer.done;
    broker.halt();
  });

  test("never by PLAIN in clear", async () => {
    const { error, events, peer } = await attempt(
      romeo,
      features(`<mechanisms xmlns='${SASL}'><mechanism>PLAIN</mechanism></mechanisms>`),
      { tls: "plaintext" },
    );
    expect(error).toMatchObject({ code: "NO_MECHANISM" });
    expect(error?.message).toContain("PLAIN, without TLS");
    expect(events).toContain("auth:failure NO_MECHANISM");
    expect(peer.heard).not.toContain("<auth");
  });

  test("whose text echoes a password shown by PLAIN does not pass it on", async () => {
    const { error } = await attempt(
      romeo,
      `${offering("PLAIN")}
      C: <auth xmlns='${SASL}' mechanism='PLAIN'>…</auth>
      S: <failure xmlns='${SASL}'><not-authorized/><text>pencil is wrong</text></failure>`,
    );
    expect(error?.message).not.toContain("pencil");
  });

  test.each([
    ["without a signature", `<success xmlns='${SASL}'/>`],
    [
      "with a wrong signature",
      `<success xmlns='${SASL}'>${btoa("v=AAAAAAAAAAAAAAAAAAAAAAAAAAA=")}</success>`,
    ],
    ["with an error", `<success xmlns='${SASL}'>${btoa("e=other-error")}</success>`],
    ["with data that is not base64", `<success xmlns='${SASL}'>dj1ybUY5c*HFW</success>`],
    ["with empty data", `<success xmlns='${SASL}'>=</success>`],
  ])("that succeeds %s fails", async (_, success) => {
    const { error, events } = await attempt(romeo, `${STARTTLS}${SCRAM}\nS: ${success}`);
    expect(error).toBeInstanceOf(AuthError);
    expect(error).toMatchObject({ code: "AUTH_FAILED" });
    expect(events).toContain("auth:failure AUTH_FAILED");
    expect(events.join(" ")).not.toContain("auth:success");
  });

  test("whose proof comes in a challenge of its own is as good", async () => {
    const { ready, broker } = await attempt(
      romeo,
      `${STARTTLS}${SCRAM}
      S: <challenge xmlns='${SASL}'>dj1ybUY5cHFWOFM3c3VBb1pXamE0ZEpSa0ZzS1E9</challenge>
      C: <response xmlns='${SASL}'/>
      S: <success xmlns='${SASL}'/>
      ${BINDING}${bound("user@example.org/balcony")}`,
    );
    expect(ready).toBeDefined();
    broker.halt();
  });

  test("is given up aloud when a challenge cannot be answered", async () => {
    const { error, peer } = await attempt(
      romeo,
      `${offering("SCRAM-SHA-1")}
      C: <auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'>…</auth>
      S: <challenge xmlns='${SASL}'>${btoa("r=somebody-else,s=QSXCR+Q6sek8bf92,i=4096")}</challenge>
      C: <abort xmlns='${SASL}'/></stream:stream>`,
    );
    await peer.done;
    expect(error).toMatchObject({ code: "AUTH_FAILED", condition: undefined });
  });

  test("asks the password function once, and only when it needs the password", async () => {
    let asked = 0;
    const { error } = await attempt(
      xmpp({
        jid: "user@example.org",
        password: () => {
          asked++;
          throw new RangeError("the keyring is locked");
        },
      }),
      `${STARTTLS}${SCRAM}`,
    );
    expect(asked).toBe(1);
    expect(error).toMatchObject({
      code: "AUTH_FAILED",
      cause: { message: "the keyring is locked" },
    });
  });

  test("that wants TLS first ends in TLS_REQUIRED", async () => {
    const { error } = await attempt(
      romeo,
      `${SCRAM}
      S: <failure xmlns='${SASL}'><encryption-required/></failure>`,
      { tls: "plaintext" },
    );
    expect(error?.code).toBe("TLS_REQUIRED");
  });

  test("by EXTERNAL says who one is, or leaves it to the certificate", async () => {
    for (const [authzid, response] of [
      [undefined, "="],
      ["user@example.org", btoa("user@example.org")],
    ] as const) {
      const { ready, peer, broker } = await attempt(
        xmpp({
          jid: "example.org/balcony",
          mechanisms: ["EXTERNAL"],
          ...(authzid === undefined ? {} : { authzid }),
        }),
        `${offering("PLAIN", "EXTERNAL", "SCRAM-SHA-1")}
        C: <auth xmlns='${SASL}' mechanism='EXTERNAL'>${response}</auth>
        S: <success xmlns='${SASL}'/>
        ${BINDING}${bound("user@example.org/balcony")}`,
      );
      await peer.done;
      expect(ready?.jid).toBe("user@example.org/balcony");
      broker.halt();
    }
  });

  test("by ANONYMOUS takes whatever name the server makes up", async () => {
    const { ready, broker } = await attempt(
      xmpp({ jid: "somebody@example.org/balcony", mechanisms: ["ANONYMOUS"] }),
      `${offering("PLAIN", "ANONYMOUS")}
      C: <auth xmlns='${SASL}' mechanism='ANONYMOUS'/>
      S: <success xmlns='${SASL}'/>
      ${BINDING}${bound("ul9xcpnk8g0f@example.org/balcony")}`,
    );
    expect(ready?.jid).toBe("ul9xcpnk8g0f@example.org/balcony");
    broker.halt();
  });

  test("goes by the user name, where that is not the local part of the address", async () => {
    for (const [mechanism, initial] of [
      ["PLAIN", btoa("\0VERONA\\u7\0pencil")],
      ["SCRAM-SHA-1", btoa("n,,n=VERONA\\u7,r=fyko+d2lbbFgONRv9qkxdawL")],
    ] as const) {
      const { error, peer } = await attempt(
        xmpp({ jid: "user@example.org", username: "VERONA\\u7", password: "pencil" }),
        `${offering(mechanism)}
        C: <auth xmlns='${SASL}' mechanism='${mechanism}'>${initial}</auth>
        S: <failure xmlns='${SASL}'><account-disabled/></failure>`,
      );
      await peer.done;
      expect(error).toMatchObject({ condition: "account-disabled" });
    }
  });

  test("under another name still binds the address of the account", async () => {
    const script = (jid: string): string => `${offering("PLAIN")}
      C: <auth xmlns='${SASL}' mechanism='PLAIN'>…</auth>
      S: <success xmlns='${SASL}'/>
      ${BINDING}${bound(jid)}`;
    const options = { jid: "user@example.org/balcony", username: "u7", password: "pencil" };
    const { ready, broker } = await attempt(xmpp(options), script("user@example.org/balcony"));
    expect(ready?.jid).toBe("user@example.org/balcony");
    broker.halt();
    const { error } = await attempt(xmpp(options), script("u7@example.org/balcony"));
    expect(error?.code).toBe("BIND_FAILED");
    for (const acceptBound of [false, undefined]) {
      const refused = await attempt(
        xmpp({ ...options, acceptBound }),
        script("u7@users.example/x"),
      );
      expect(refused.error?.code).toBe("BIND_FAILED");
    }
    const accepting = await attempt(
      xmpp({ ...options, acceptBound: true }),
      script("u7@users.example/x"),
    );
    expect(accepting.ready?.jid).toBe("u7@users.example/x");
    expect(accepting.broker.jid).toBe("u7@users.example/x");
    accepting.broker.halt();
  });

  test("that accepts the bound address still needs one", async () => {
    const { error } = await attempt(
      xmpp({ jid: "user@example.org/balcony", password: "pencil", acceptBound: true }),
      `${offering("PLAIN")}
      C: <auth xmlns='${SASL}' mechanism='PLAIN'>…</auth>
      S: <success xmlns='${SASL}'/>
      ${BINDING}${bound("user@example.org")}`,
    );
    expect(error?.code).toBe("PROTOCOL_ERROR");
  });

  test("tells the password function what the password is for, and counts the attempts since the last login", async () => {
    const asked: PasswordRequest[] = [];
    const dialect = xmpp({
      jid: "user@example.org/balcony",
      password(ask) {
        asked.push(ask);
        return "pencil";
      },
    });
    const refused = `${SCRAM}
      S: <failure xmlns='${SASL}'><not-authorized/></failure>`;
    const success = `${PROVED}${BINDING}${bound("user@example.org/balcony")}`;
    const results = await logins(dialect, [refused, refused, success, refused, success], {
      tls: "direct",
    });
    expect(results.map(({ code }) => code)).toEqual([
      "AUTH_FAILED",
      "AUTH_FAILED",
      "ready",
      "AUTH_FAILED",
      "ready",
    ]);
    expect(asked).toEqual(
      [1, 2, 3, 1, 2].map((number) => ({
        mechanism: "SCRAM-SHA-1",
        domain: "example.org",
        attempt: number,
      })),
    );
  });

  test("as somebody else binds the address of somebody else", async () => {
    const script = (jid: string): string => `${offering("PLAIN")}
      C: <auth xmlns='${SASL}' mechanism='PLAIN'>${btoa("boss@example.org\0user\0pencil")}</auth>
      S: <success xmlns='${SASL}'/>
      ${BINDING}${bound(jid)}`;
    const acting = xmpp({
      jid: "user@example.org/balcony",
      password: "pencil",
      authzid: "boss@example.org",
    });
    const { ready, broker } = await attempt(acting, script("boss@example.org/balcony"));
    expect(ready?.jid).toBe("boss@example.org/balcony");
    broker.halt();
    const { error } = await attempt(acting, script("user@example.org/balcony"));
    expect(error?.code).toBe("BIND_FAILED");
  });
});
