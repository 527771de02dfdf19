import type { BrokerOptions } from "../../src/contract/options.ts";
import { outline } from "../session/acks/managed-line.ts";
import { settled } from "../virtual-clock.ts";
import { ENABLE, managed } from "./managed-outage.ts";
import { type Fate, type Outage, opens, outage } from "./outage.ts";

/** The fate of a link: a script behind the header, or no connection. */
export type Link = string | { readonly fate: Fate };

/** A server that is away. */
export const AWAY: Link = { fate: "refused" };

/** A broker on its first link, which enables stream management, with a fate for each later one. */
export async function first(
  later: readonly Link[],
  options: Partial<BrokerOptions> = {},
  enabling = ENABLE,
) {
  const fates = [enabling, ...later].map((link) =>
    typeof link === "string" ? opens(link) : link.fate,
  );
  const made = outage(fates, { dialect: managed, ...options }, 0);
  const ready: string[] = [];
  made.broker.on("ready", (facts) => ready.push(facts.resumed ? "resumed" : "fresh"));
  await made.broker.connect();
  return { ...made, ready, server: made.server };
}

/** Cuts the link in force, and lets the broker come back. */
export async function cut(
  { clock, servers }: Pick<Outage, "clock" | "servers">,
  times = 1,
): Promise<void> {
  servers.at(-1)?.cut();
  for (let time = 0; time < times; time++) await clock.pass(1000);
  await settled();
}

/** The ids and questions in a text, without the numbers of handled stanzas. */
export const written = (text: string): string => outline(text).replace(/ ?\ba\d+\b/g, "");

export const states = (deliveries: readonly { readonly state: string }[]): string[] =>
  deliveries.map(({ state }) => state);
