import { expect, test } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { TrackedDelivery } from "../../src/session/delivery/delivery.ts";
import { Returnable } from "../../src/session/delivery/returned.ts";
import { xml } from "../../src/xml/element.ts";
import { bare, readyLine } from "../broker/line.ts";

const message = (attrs: Record<string, string>) => xml("message", attrs);

test("what comes back is found by its id and its addresses, the oldest first", () => {
  const returnable = new Returnable();
  const sent = [
    { id: "1", to: "juliet@b", from: "alice@a" },
    { id: "1", to: "juliet@b", from: "bob@a" },
    { id: "1", to: "romeo@b", from: "alice@a" },
    { id: "1", to: "juliet@b", from: "alice@a" },
  ].map((attrs, at) => {
    const delivery = new TrackedDelivery(at);
    const stanza = message(attrs);
    returnable.remember(delivery, stanza);
    return { delivery, stanza };
  });
  const back = (at: number) => returnable.take(sent[at]?.stanza.clone() ?? message({}));
  expect(back(1)).toBe(sent[1]?.delivery);
  expect(back(3)).toBe(sent[0]?.delivery);
  expect(back(0)).toBe(sent[3]?.delivery);
  expect(back(0)).toBeUndefined();
  expect(back(2)).toBe(sent[2]?.delivery);
});

test("a stanza that comes back is told by its form on the wire", () => {
  const returnable = new Returnable();
  const delivery = new TrackedDelivery(1);
  returnable.remember(delivery, message({ to: "a@b", from: "c", id: "1" }));
  expect(returnable.take(message({ to: "a@b" }))).toBeUndefined();
  expect(returnable.take(message({ to: "a@b", from: "c", id: "1" }))).toBe(delivery);
});

test("at least a thousand are remembered, and no more than twice as many", () => {
  const returnable = new Returnable();
  const at = (n: number) => message({ id: String(n) });
  for (let n = 0; n <= 2000; n++) returnable.remember(new TrackedDelivery(n), at(n));
  expect(returnable.take(at(999))).toBeUndefined();
  expect(returnable.take(at(1000))).toBeDefined();
  expect(returnable.take(at(2000))).toBeDefined();
});

test("a dialect that fails at taking apart what is sent keeps nothing from being sent", async () => {
  const returned = new BrokerError("NOT_ROUTED");
  const dialect: Dialect = {
    ...bare,
    returns: true,
    inbound(stanza) {
      if (stanza.attrs.type === "error") return { stanza, returned };
      throw new TypeError("only what comes in");
    },
  };
  const { broker, server } = await readyLine({ dialect });
  const delivery = broker.send(message({ id: "1", to: "a@b", type: "error" }));
  await broker.send(message({ id: "2", to: "a@b" })).written();
  server.say(await server.hears("<message id='1' to='a@b' type='error'/>"));
  await expect.poll(() => delivery.error).toBe(returned);
  expect(await server.hears("/>")).toBe("<message id='2' to='a@b'/>");
  broker.halt();
});
