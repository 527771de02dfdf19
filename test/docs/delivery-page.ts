import { DELIVERY_STEPS, type DeliveryEvent } from "../../src/session/delivery/delivery-steps.ts";
import { code, table } from "./print.ts";
import type { Source } from "./source.ts";

/** The places that a program sees as `queued`. */
const SHOWN: Readonly<Record<string, string>> = { handed: "queued", requeued: "queued" };

/** The events as the drawing names them. */
const NAMES: Readonly<Record<DeliveryEvent, string>> = {
  handOver: "handed over",
  find: "found in the store",
  take: "taken",
  prove: "proven",
  refuse: "refused, removed, no room",
  expire: "ttl over",
  bounce: "came back",
  poison: "ended two streams",
  requeue: "session over, requeue",
  lose: "session over, let go",
  drop: "removed, ttl over, no room",
};

/** Every step of a delivery: from, event, to. */
function steps(): [string, DeliveryEvent, string][] {
  return Object.entries(DELIVERY_STEPS).flatMap(([from, events]) =>
    Object.entries(events as Readonly<Record<string, string>>).map(
      ([event, to]): [string, DeliveryEvent, string] => [from, event as DeliveryEvent, to],
    ),
  );
}

/** Prints the machine of a delivery for `docs/delivery.md`. */
export function printDelivery(source: Source, place: string): string {
  const file = "src/session/delivery/delivery-steps.ts";
  if (place === "drawing") return drawing();
  if (place === "places") {
    const rows = source
      .exported(file, "DELIVERY_STEPS")
      .members()
      .map(({ name, doc }) => [code(name), code(SHOWN[name] ?? name), doc]);
    return table(["place", "`delivery.state`", ""], rows);
  }
  const events = source.exported(file, "DELIVERY_EVENTS").members();
  const rows = steps().map(([from, event, to]) => {
    const doc = events.find(({ name }) => name === event)?.doc ?? "";
    return [code(from), NAMES[event], code(to), doc];
  });
  return table(["place", "event", "next", "when"], rows);
}

function drawing(): string {
  const ends = Object.entries(DELIVERY_STEPS).filter(
    ([, events]) => Object.keys(events).length === 0,
  );
  const lines = [
    "[*] --> queued: send()",
    ...steps().map(([from, event, to]) => `${from} --> ${to}: ${NAMES[event]}`),
    ...ends.map(([place]) => `${place} --> [*]`),
  ];
  return `\`\`\`mermaid\nstateDiagram-v2\n${lines.map((line) => `  ${line}`).join("\n")}\n\`\`\``;
}
