import { EVENTS } from "../../src/contract/events.ts";
import { code, table } from "./print.ts";
import type { Source } from "./source.ts";

/** Prints each event for `docs/events.md`, with the members of its payload and its line. */
export function printEvents(source: Source): string {
  const events = source.exported("src/contract/events.ts", "BrokerEvents").members();
  const rows = Object.keys(EVENTS).map((name) => {
    const event = events.find((each) => each.name === name);
    const payload = (event?.members() ?? []).map((member) => code(member.name));
    return [code(name), payload.join(", "), event?.doc ?? ""];
  });
  return table(["event", "payload", ""], rows);
}
