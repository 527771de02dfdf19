import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
import type { TransportEvents } from "../../src/transport/transport.ts";
import { xml } from "../../src/xml/element.ts";
import { settled } from "../virtual-clock.ts";
import { bare, codeOf, HEADER, line, readyLine } from "./line.ts";

// A dialect, a transport or a handler may come from a package that has a copy of its own.
// (A file that is asked for with a query is another module.)
const path = "../../src/base/errors.ts?copy";
const copy = (await import(/* @vite-ignore */ path)) as {
  readonly BrokerError: typeof BrokerError;
};

test("there are two copies", () => {
  expect(new copy.BrokerError("MISSING_TO")).not.toBeInstanceOf(BrokerError);
});

test("a dialect's error for a stanza ends the request with it", async () => {
  const dialect = {
    ...bare,
    outbound() {
      throw new copy.BrokerError("MISSING_TO");
    },
  };
  const { broker } = await readyLine({ dialect });
  expect(await codeOf(broker.request(xml("iq", { type: "get" })))).toBe("MISSING_TO");
  expect(await codeOf(broker.send(xml("message")).written())).toBe("MISSING_TO");
  broker.halt();
});

test("a dialect's verdict on the end of the stream is the reason of the end", async () => {
  const made = line({
    dialect: {
      ...bare,
      async negotiate(login) {
        await login.open();
        made.server.say("</stream:stream>");
        await login.next().catch(() => undefined);
        throw new copy.BrokerError("NO_MECHANISM");
      },
    },
  });
  expect(await codeOf(made.broker.connect())).toBe("NO_MECHANISM");
});

test("a transport's reason for its end is that of the stream", async () => {
  let events: TransportEvents | undefined;
  const { broker } = line({
    transport: async (target, signal) => {
      const peer = new ScriptedPeer(`
        C: <stream:stream …>
        S: ${HEADER}`);
      const transport = await peer.transport(target, signal);
      const start = transport.start.bind(transport);
      transport.start = (given) => {
        events = given;
        start(given);
      };
      return transport;
    },
  });
  await broker.connect();
  events?.close(new copy.BrokerError("SOCKET_DEAD"));
  expect((await broker.closed)?.code).toBe("SOCKET_DEAD");
});

test("a handler's error is told in the message", async () => {
  const { broker, server } = await readyLine();
  const told: string[] = [];
  broker.on("error", ({ error }) => told.push(error.message));
  broker.filter("/message", () => {
    throw new copy.BrokerError("BAD_JID", "x");
  });
  server.say("<message/>");
  await settled();
  expect(told).toEqual([
    `a handler failed: of /message: ${new BrokerError("BAD_JID", "x").message}`,
  ]);
  broker.halt();
});
