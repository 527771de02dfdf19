import { describe, expect, test } from "vitest";
import { deferred } from "../../src/base/deferred.ts";
import { BrokerError } from "../../src/base/errors.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { StanzaError } from "../../src/stream/stanza-error.ts";
import { type Element, xml } from "../../src/xml/element.ts";
import { bare, type Line, readyLine } from "../broker/line.ts";
import { settled } from "../virtual-clock.ts";

const ASKED = "<iq type='get' id='q' from='a@b/c' to='me@example.org/here'><x xmlns='urn:x'/></iq>";

/** The events and the answers, in order. */
function witness({ broker }: Line): string[] {
  const seen: string[] = [];
  broker.on("error", ({ error }) => seen.push(`error ${error.code}`));
  broker.on("dropped", ({ stanza, error }) => {
    seen.push(`dropped ${stanza.attrs.type ?? ""}: ${error.code}`);
  });
  broker.on("sent", ({ stanza }) => {
    const condition = stanza.child("error")?.childrenOf()[0]?.name;
    seen.push(`sent ${stanza.attrs.type ?? ""}${condition === undefined ? "" : ` ${condition}`}`);
  });
  return seen;
}

const INTERNAL = "sent error internal-server-error";
/** Nothing goes to an asker in this domain. */
const dialect: Dialect = {
  ...bare,
  outbound(stanza) {
    if (stanza.attrs.to?.endsWith("@nowhere") === true) throw new BrokerError("FOREIGN_FROM");
    return stanza;
  },
};

describe("an answer that cannot be sent is one event, which says why", () => {
  test.each<[string, () => Element, string[]]>([
    ["illegal XML", () => xml("x", {}, "\u0000"), ["dropped result: ILLEGAL_XML", INTERNAL]],
    [
      "too much of it",
      () => xml("x", {}, "x".repeat(2000)),
      ["dropped result: TOO_LARGE", INTERNAL],
    ],
    [
      "an error that cannot be written",
      () => {
        throw new StanzaError("gone", { text: "\uffff" });
      },
      ["dropped error: ILLEGAL_XML", INTERNAL],
    ],
    [
      "the handler fails, and its error can be sent",
      () => {
        throw new TypeError("why");
      },
      ["error HANDLER_FAILED", INTERNAL],
    ],
  ])("%s", async (_, respond, events) => {
    const line = await readyLine({ limits: { sendBytes: 1000 } });
    const seen = witness(line);
    line.broker.respond("/iq", respond);
    line.server.say(ASKED);
    await settled();
    expect(seen).toEqual(events);
    expect([...line.broker.stats.errors.values()]).toEqual([1]);
    line.broker.halt();
  });

  test.each<[string, (line: Line) => void, string[]]>([
    [
      "of a responder",
      ({ broker }) => broker.respond("/iq", () => undefined),
      ["dropped result: FOREIGN_FROM"],
    ],
    [
      "of a responder that fails",
      ({ broker }) =>
        broker.respond("/iq", () => {
          throw new TypeError("why");
        }),
      ["error HANDLER_FAILED", "dropped error: FOREIGN_FROM"],
    ],
    ["of the broker itself", () => undefined, ["dropped error: FOREIGN_FROM"]],
  ])("and to an asker that cannot be reached: %s", async (_, arrange, events) => {
    const line = await readyLine({ dialect });
    const seen = witness(line);
    arrange(line);
    line.server.say(ASKED.replace("a@b/c", "a@nowhere"));
    await settled();
    expect(seen).toEqual(events);
    line.broker.halt();
  });

  test.each(["ping xmlns='urn:xmpp:ping'", "x xmlns='urn:x'"])(
    "also the answer to <%s/>, for which there is no room",
    async (payload) => {
      const line = await readyLine({ dialect, limits: { requests: 1 } });
      line.broker.respond("/iq[@id='first']", () => new Promise(() => undefined));
      line.server.say(ASKED.replace("'q'", "'first'"));
      await settled();
      const seen = witness(line);
      line.server.say(`<iq type='get' id='q' from='a@nowhere'><${payload}/></iq>`);
      await settled();
      expect(seen).toEqual([
        `dropped ${payload.startsWith("ping") ? "result" : "error"}: FOREIGN_FROM`,
      ]);
      line.broker.halt();
    },
  );

  test.each<[string, (line: Line, late: Promise<undefined>) => void, string]>([
    ["of a responder", ({ broker }, late) => broker.respond("/iq", () => late), "result"],
    ["of the broker itself", ({ broker }, late) => broker.filter("/iq", () => late), "error"],
  ])("and after the session ended: %s", async (_, arrange, type) => {
    const line = await readyLine();
    const late = deferred<undefined>();
    arrange(line, late.promise);
    line.server.say(ASKED);
    await settled();
    line.broker.halt();
    await line.broker.connect();
    const seen = witness(line);
    late.resolve(undefined);
    await settled();
    expect(seen).toEqual([`dropped ${type}: DISCONNECTED`]);
    expect(line.server.unread).toBe("");
    line.broker.halt();
  });
});
