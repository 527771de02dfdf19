import { expect, test } from "vitest";
import { xml } from "../../src/xml/element.ts";
import { readyLine } from "../broker/line.ts";
import { settled } from "../virtual-clock.ts";

test("bytes of written stanzas and of everything that arrives are counted as they are on the wire", async () => {
  const { broker, server } = await readyLine();
  const { stats } = broker;
  const before = stats.receivedBytes;
  expect(before).toBeGreaterThan(0);
  expect(stats.sentBytes).toBe(0);
  broker.send(xml("message", { id: "m1" }, xml("body", {}, "Grüße ❤️")));
  broker.send(xml("presence", { id: "p1" }));
  await settled();
  const out = "<message id='m1'><body>Grüße ❤️</body></message><presence id='p1'/>";
  expect(server.heard.endsWith(out)).toBe(true);
  expect(stats.sentBytes).toBe(new TextEncoder().encode(out).length);
  const text = "<message id='é'/> <presence/>";
  server.say(text);
  await settled();
  expect(stats.receivedBytes - before).toBe(new TextEncoder().encode(text).length);
  expect(stats.sent).toEqual({ message: 1, presence: 1, iq: 0, other: 0 });
  expect(stats.received).toEqual({ message: 1, presence: 1, iq: 0, other: 0 });
  broker.halt();
});
