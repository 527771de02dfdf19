import { expect } from "vitest";
import { type Element, xml } from "../../src/node.ts";
import type { Step } from "./scenario.ts";
import { address } from "./stage.ts";

const COUNT = 10_000;

/** Kinds of filters, each with the part of a message that only it matches. The rest of the message is always the same. */
const KINDS: readonly {
  expression(number: number): string;
  fill(number: number): { attrs?: Record<string, string>; children?: Element[] };
}[] = [
  {
    expression: (number) => `/message[@id='id-${number}']`,
    fill: (number) => ({ attrs: { id: `id-${number}` } }),
  },
  {
    expression: (number) => `/message/body[.='text ${number}']`,
    fill: (number) => ({ children: [xml("body", {}, `text ${number}`)] }),
  },
  {
    expression: (number) => `//item[@number='${number}']`,
    fill: (number) => ({
      children: [xml("list", { xmlns: "urn:example:list" }, xml("item", { number: `${number}` }))],
    }),
  },
  {
    expression: (number) => `/message[@type='chat'][subject='about ${number}']`,
    fill: (number) => ({ children: [xml("subject", {}, `about ${number}`)] }),
  },
  {
    expression: (number) => `/message[starts-with(thread, 'thread ${number} ')]`,
    fill: (number) => ({ children: [xml("thread", {}, `thread ${number} of many`)] }),
  },
];

const kindOf = (number: number): (typeof KINDS)[number] | undefined => KINDS[number % KINDS.length];

/** Exactly the matching filters see a message, among ten thousand on one stream. */
export const MANY_FILTERS: Step = {
  title: `of ${COUNT} filters exactly those that match see a message, in the order they were added`,
  async play(stage) {
    const broker = await stage.connected();
    const seen: number[] = [];
    const filters = Array.from({ length: COUNT }, (_, number) =>
      broker.filter(kindOf(number)?.expression(number) ?? "", () => seen.push(number)),
    );
    const play = async (wanted: readonly (readonly number[])[]): Promise<number[]> => {
      seen.length = 0;
      const last = broker.waitFor("/message[@id='last']");
      for (const numbers of wanted) stage.peer.send(matching(address(broker), numbers));
      stage.peer.send(xml("message", { to: address(broker), type: "chat", id: "last" }));
      await last;
      return [...seen];
    };
    // Messages for every 97th filter alone, for five at once (one of each kind), and for none.
    const alone = Array.from({ length: 100 }, (_, index) => [(index * 97) % COUNT]);
    const wanted = [...alone, [5000, 5001, 5002, 5003, 5004], [], [9999, 0]];
    expect(await play(wanted)).toEqual(wanted.flatMap((numbers) => numbers.toSorted(ascending)));
    // Without half of the filters, the others see the same messages as before.
    for (const [number, undo] of filters.entries()) if (number % 2 === 0) undo();
    const left = wanted.flatMap((numbers) => numbers.filter((number) => number % 2 === 1));
    expect((await play(wanted)).toSorted(ascending)).toEqual(left.toSorted(ascending));
  },
};

const ascending = (left: number, right: number): number => left - right;

/** Makes a message that matches the filters of these numbers, of each kind one at most. */
function matching(to: string, numbers: readonly number[]): Element {
  const parts = numbers.map((number) => kindOf(number)?.fill(number) ?? {});
  const attrs = Object.assign({ to, type: "chat" }, ...parts.map((part) => part.attrs)) as object;
  return xml("message", { ...attrs }, ...parts.flatMap(({ children = [] }) => children));
}
