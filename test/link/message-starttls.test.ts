import { expect, test } from "vitest";
import { systemClock } from "../../src/base/clock.ts";
import { Broker } from "../../src/broker/broker.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
import { knownCrypto } from "../dialect/attempt.ts";
import * as talk from "../dialect/xmpp-conversation.ts";
import { QUIET } from "../quiet-runtime.ts";
import { asMessages, messageChannel } from "./message-double.ts";

// Prosody and jabberd2 offer STARTTLS over a WebSocket too, and Prosody insists on it.
test.each(["plaintext", "opportunistic"] as const)(
  "an offer of STARTTLS over a WebSocket is ignored, where the policy is %s",
  async (tls) => {
    const script = `${talk.PROVED}${talk.BINDING}${talk.bound("user@example.org/balcony")}`;
    const offer = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls>";
    const peer = new ScriptedPeer(
      asMessages(script.replaceAll("<stream:features>", `<stream:features>${offer}`)),
    );
    const broker = new Broker(
      {
        dialect: talk.romeo,
        tls,
        host: "127.0.0.1",
        transport: messageChannel(peer.transport),
      },
      {
        connect: peer.transport,
        clock: systemClock,
        crypto: knownCrypto,
        ...QUIET,
      },
    );
    expect(script).toContain("<stream:features>");
    await expect(broker.connect()).resolves.toMatchObject({ jid: "user@example.org/balcony" });
    broker.halt();
  },
);
