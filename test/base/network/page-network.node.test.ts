import { expect, onTestFinished, test } from "vitest";
import { watchPageNetwork } from "../../../src/base/network/page-network.ts";

interface Listening {
  addEventListener: unknown;
  removeEventListener: unknown;
  document: unknown;
}

/** Puts a double of a window or a document in place until the test is over. */
function replace(members: Partial<Listening>): void {
  for (const [name, value] of Object.entries(members)) {
    const before = Object.getOwnPropertyDescriptor(globalThis, name);
    Object.defineProperty(globalThis, name, { value, configurable: true, writable: true });
    onTestFinished(() => {
      if (before === undefined) Reflect.deleteProperty(globalThis, name);
      else Object.defineProperty(globalThis, name, before);
    });
  }
}

class Source extends EventTarget {
  fire(name: string, facts: object = {}): void {
    this.dispatchEvent(Object.assign(new Event(name), facts));
  }
}

/** The members of a window, as functions that stand alone. */
const membersOf = (source: EventTarget): Partial<Listening> => ({
  addEventListener: source.addEventListener.bind(source),
  removeEventListener: source.removeEventListener.bind(source),
});

test("each event of a page is told until that is stopped", () => {
  const window = new Source();
  const document = new Source();
  replace({ ...membersOf(window), document });
  const told: boolean[] = [];
  const stop = watchPageNetwork((isOnline) => told.push(isOnline));
  window.fire("online");
  window.fire("offline");
  window.fire("pageshow", { persisted: false });
  window.fire("pageshow", { persisted: true });
  document.fire("resume");
  expect(told).toEqual([true, false, true, true]);
  stop();
  for (const name of ["online", "offline", "pageshow"]) window.fire(name, { persisted: true });
  document.fire("resume");
  expect(told.length).toBe(4);
});

test("a runtime without these events is watched in vain", () => {
  replace({ addEventListener: undefined, removeEventListener: undefined });
  const stop = watchPageNetwork(() => undefined);
  stop();
});
