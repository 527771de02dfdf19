import { expect, test } from "vitest";
import { bare, readyLine } from "./line.ts";

const keepAlive = { interval: 20, timeout: 20 };

test("an idle stream is probed, and any answer keeps it", async () => {
  const { broker, server, names } = await readyLine({ keepAlive });
  for (let round = 0; round < 2; round++) {
    const ping = await server.hears("</iq>");
    expect(ping).toMatch(
      /^<iq type='get' id='[0-9a-f]{32}' to='example.org'><ping xmlns='urn:xmpp:ping'\/><\/iq>$/,
    );
    const id = /id='([^']*)'/.exec(ping)?.[1];
    server.say(`<iq type='error' id='${id}' from='example.org'/>`);
  }
  expect(broker.phase.name).toBe("ready");
  // The probes were sent; what answers them is no stanza for the program.
  expect(names()).toEqual(["sent", "sent"]);
  broker.halt();
});

test("a stream that stays silent ends in SOCKET_DEAD", async () => {
  const { broker } = await readyLine({ keepAlive });
  const error = await broker.closed;
  expect(error).toMatchObject({ code: "SOCKET_DEAD", retryable: true });
});

test("white space is a sign of life, so a busy stream is not probed", async () => {
  const { broker, server } = await readyLine({ keepAlive: { interval: 40, timeout: 1000 } });
  for (let round = 0; round < 20; round++) {
    server.say(" ");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(server.heard).toBe("");
  broker.halt();
});

test("a component asks itself, through the server, and answers itself unseen", async () => {
  const { broker, server, names } = await readyLine({
    keepAlive,
    dialect: {
      ...bare,
      async negotiate(session) {
        await session.open();
        return { jid: "echo.example.org" };
      },
    },
  });
  const ping = await server.hears("</iq>");
  expect(ping).toContain("to='echo.example.org' from='echo.example.org'");
  server.say(ping);
  expect(await server.hears("/>")).toMatch(
    /^<iq type='result' id='[0-9a-f]{32}' to='echo.example.org' from='echo.example.org'\/>$/,
  );
  expect(names()).toEqual(["sent", "sent"]);
  broker.halt();
});
