import { describe, expect, test } from "vitest";
import type { BrokerOptions } from "../../src/contract/options.ts";
import { xml } from "../../src/xml/element.ts";
import { bare, codeOf, line } from "../broker/line.ts";

/** A message of so many bytes on the wire. */
function message(bytes: number) {
  const empty = "<message><body></body></message>".length;
  return xml("message", {}, xml("body", {}, "x".repeat(bytes - empty)));
}

/** A broker whose servers announce these numbers, one login after the other. */
function announcing(announced: readonly unknown[], options: Partial<BrokerOptions> = {}) {
  let logins = 0;
  return line({
    ...options,
    dialect: {
      ...bare,
      async negotiate(login) {
        await login.open();
        return { jid: "me@example.org/here", maxBytes: announced[logins++] as number | undefined };
      },
    },
  });
}

describe("the largest stanza", () => {
  test.each<[announced: number | undefined, sendBytes: number | undefined, most: number]>([
    [undefined, undefined, 262_144],
    [undefined, 1000, 1000],
    [undefined, 500_000, 500_000],
    [10_000, undefined, 10_000],
    [524_288, undefined, 524_288],
    [10_000, 1000, 1000],
    [10_000, 500_000, 10_000],
  ])(
    "of a server that announces %s, for a program that says %s, has %s bytes",
    async (announced, sendBytes, most) => {
      const { broker } = announcing([announced], { limits: { sendBytes } });
      await broker.connect();
      expect(broker.send(message(most)).state).toBe("queued");
      expect(broker.send(message(most + 1)).error).toMatchObject({
        code: "TOO_LARGE",
        message: `the stanza is too large: ${most + 1} bytes, ${most} are allowed`,
      });
      broker.halt();
    },
  );

  test("is judged again when a stanza has waited: a server that takes less gets the others only", async () => {
    const made = announcing([10_000], { queue: { flush: "auto" } });
    const { broker } = made;
    const large = broker.send(message(10_001));
    const small = broker.send(message(10_000));
    const asked = broker.request(
      xml("iq", { type: "set", id: "q" }, xml("q", {}, "x".repeat(10_000))),
    );
    const refused = codeOf(asked);
    expect([large.state, small.state]).toEqual(["queued", "queued"]);
    await broker.connect();
    await small.written();
    expect([large.state, large.error?.code]).toEqual(["failed", "TOO_LARGE"]);
    expect(await refused).toBe("TOO_LARGE");
    expect(made.events).toContainEqual(["delivery", expect.objectContaining({ delivery: large })]);
    expect(made.server.heard.match(/<message>/g)).toHaveLength(1);
    broker.halt();
  });

  test("is that of the server in force", async () => {
    const { broker } = announcing([10_000, undefined, 400_000]);
    for (const most of [10_000, 262_144, 400_000]) {
      await broker.connect();
      expect(broker.send(message(most)).state).toBe("queued");
      expect(broker.send(message(most + 1)).error?.code).toBe("TOO_LARGE");
      broker.halt();
      await broker.closed;
    }
  });

  test.each([0, -1, 1.5, Number.NaN, "10000", null])(
    "is no %s: such a login ends in BAD_OPTION",
    async (announced) => {
      const { broker } = announcing([announced]);
      expect(await codeOf(broker.connect())).toBe("BAD_OPTION");
    },
  );
});
