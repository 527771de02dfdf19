import { expect } from "vitest";
import type { Delivery } from "../../src/node.ts";
import { CuttingRelay, Ledger } from "../../src/testing/index.ts";
import { proofOf } from "./cells.ts";
import type { Step } from "./scenario.ts";
import type { Casting, Stage } from "./stage.ts";

/** How many messages leave together, and how many are proven when the connection is cut. */
const BURST = 20;
const ENOUGH = 200;

/** Every delivery is tracked, and the domain of the server is asked. */
function proving(stage: Stage): Casting {
  return { acks: { to: stage.server.clients.required.domain }, unacked: () => "report" };
}

/** A server proves what it has handled, on each dialect, and nothing more. */
export const PROOFS: readonly Step[] = [
  {
    title: "a delivery is acked in the way of its server, and the message is there",
    async play(stage) {
      const broker = await stage.connected(proving(stage));
      const there = stage.peer.waitFor("/message[body='proven']");
      const delivery = broker.send(stage.toPeer("proven"));
      await delivery.acked();
      expect([delivery.state, delivery.ackedBy]).toEqual(["acked", proofOf(stage.cell)]);
      await broker.acked();
      await there;
      expect(await broker.shutdown()).toEqual({ unsent: [], unknown: [] });
    },
  },
  {
    title: "when the connection is cut and never comes back, every acked message is there",
    async play(stage) {
      const broker = stage.broker(proving(stage));
      await using relay = await CuttingRelay.start({ to: { port: broker.settings.port ?? 0 } });
      const ledger = new Ledger();
      const run = `run-${relay.seed}-`;
      const undo = stage.peer.filter("/message[@id]", ({ stanza }) => {
        const { id = "" } = stanza.attrs;
        if (id.startsWith(run)) ledger.arrived(id);
      });
      await broker.connect({ host: "127.0.0.1", port: relay.port });
      const deliveries: Delivery[] = [];
      const acked = () => deliveries.filter(({ state }) => state === "acked").length;
      // The messages go on while the first are proven, so the cut finds some on their way.
      while (acked() < ENOUGH) {
        for (let count = 0; count < BURST; count++) {
          const id = `${run}${deliveries.length}`;
          const delivery = broker.send(stage.toPeer("x".repeat(200), id));
          deliveries.push(delivery);
          ledger.sent(id, delivery);
        }
        await new Promise((resolve) => setTimeout(resolve, 1));
      }
      relay.refuse();
      await relay.cut("reset");
      await broker.closed;
      broker.queue.clear();
      await expect.poll(() => ledger.verdict().falseAcked, { timeout: 10_000 }).toBe(0);
      undo();
      const { isTrue, broken } = ledger.verdict();
      expect([isTrue, broken.doubled, broken.notFinal]).toEqual([true, [], []]);
    },
  },
];
