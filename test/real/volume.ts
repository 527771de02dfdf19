import { expect } from "vitest";
import type { Broker, DeliveryState } from "../../src/node.ts";
import { lastStateOf, peerOf } from "./cells.ts";
import type { Step } from "./scenario.ts";
import { address, message } from "./stage.ts";

const BYTES = 51_000;
const TIMES = 200;
/** Characters of two, three and four bytes, a joined family and a flag: most cuts between bytes split one of them. */
const PIECE = "Съешь ещё этих мягких булок €…—🥐👨‍👩‍👧‍👦🇺🇦 да выпей чаю ";

/** Large texts in any script pass both ways, wherever packets end. */
export const VOLUME: Step = {
  title: `${BYTES} bytes of Cyrillic and emoji arrive uncorrupted, ${TIMES} times, both ways`,
  async play(stage) {
    const broker = await stage.connected();
    const { cell, peer } = stage;
    expect(await pass(broker, peer, lastStateOf(cell))).toEqual([]);
    expect(await pass(peer, broker, lastStateOf(peerOf(cell.server)))).toEqual([]);
  },
};

/**
 * Sends all texts, and waits until all deliveries have that state. Resolves with the texts that arrived changed or out of
 * order: the number that was due, and the beginning, the length and the sender of what came.
 */
async function pass(from: Broker, to: Broker, last: DeliveryState): Promise<string[]> {
  const wrong: string[] = [];
  let arrived = 0;
  const all = new Promise<void>((resolve) => {
    const undo = to.filter("/message/body", ({ stanza }) => {
      const body = stanza.childText("body") ?? "";
      if (body !== text(arrived)) {
        wrong.push(`${arrived}: ${body.slice(0, 20)}… (${body.length}) of ${stanza.attrs.from}`);
      }
      if (++arrived < TIMES) return;
      undo();
      resolve();
    });
  });
  const deliveries = Array.from({ length: TIMES }, (_, number) =>
    from.send(message(address(to), text(number))),
  );
  await all;
  // The other side may read a stanza before the sender is told of its fate.
  await expect
    .poll(() => new Set(deliveries.map(({ state }) => state)), { timeout: 5000 })
    .toEqual(new Set([last]));
  return wrong;
}

/** Makes the text of a number. Each text begins at another character of the piece, and has another length. */
function text(number: number): string {
  const characters = Array.from(PIECE);
  const start = number % characters.length;
  const turned = [...characters.slice(start), ...characters.slice(0, start)].join("");
  return `${number} ` + turned.repeat(Math.ceil(BYTES / new TextEncoder().encode(turned).length));
}
