import { oneLine } from "../base/printable.ts";
import type { Broker, BrokerEvents } from "../node.ts";
import type { Paint } from "./paint.ts";

type Said<E extends keyof BrokerEvents> = (payload: BrokerEvents[E]) => string;

/** What is worth saying of each event of a connection's beginning and end, beside its name. */
const said: { readonly [E in keyof BrokerEvents]?: Said<E> } = {
  connect: ({ host, port }) => `${host}:${port}`,
  connecting: ({ attempt }) => `attempt ${attempt}`,
  connected: ({ local }) => (local === undefined ? "" : `from ${local.host}:${local.port}`),
  "connect:failure": failed,
  "stream:start": ({ header }) => describeHeader(header),
  "tls:start": nothing,
  "tls:success": ({ protocol, cipher }) => `${protocol}, ${cipher}`,
  "tls:failure": failed,
  "auth:start": ({ mechanism }) => mechanism,
  "auth:success": nothing,
  "auth:failure": failed,
  "bind:start": nothing,
  "bind:success": ({ jid }) => jid,
  "bind:failure": failed,
  "session:start": nothing,
  "session:success": nothing,
  "session:failure": failed,
  ready: ({ jid }) => `as ${jid}`,
  queued: ({ stanza }) => `<${stanza.name}/> waits`,
  "shutdown:start": nothing,
  "stream:end": nothing,
  "socket:error": failed,
  "socket:close": nothing,
  "shutdown:finish": nothing,
};

const events = Object.keys(said) as (keyof BrokerEvents)[];
const widestName = Math.max(...events.map((event) => event.length));

/**
 * Prints each step of a connection as it happens: milliseconds since `watch` was called, the event,
 * and what was chosen.
 */
export function watch(broker: Broker, print: (line: string) => void, paint: Paint): void {
  const since = performance.now();
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- it ties the event to its payload
  const show = <E extends keyof BrokerEvents>(event: E): void => {
    broker.on(event, (payload) => {
      const text = oneLine(said[event]?.(payload) ?? "");
      const name = colourOf(event, paint)(event.padEnd(widestName));
      print(`  ${paint.dim(milliseconds(performance.now() - since))}  ${name}  ${text}`.trimEnd());
    });
  };
  for (const event of events) show(event);
}

/** A duration as the timeline has it, in a column of its own: `   12.3 ms`. */
export function milliseconds(duration: number): string {
  return `${duration.toFixed(1).padStart(7)} ms`;
}

function colourOf(event: keyof BrokerEvents, paint: Paint): (text: string) => string {
  if (event === "ready" || event.endsWith(":success")) return paint.good;
  if (event.endsWith(":failure") || event.endsWith(":error")) return paint.bad;
  return (text) => text;
}

/** A stream header in the words that matter: `<stream:stream to='a' version='1.0' …>`. */
function describeHeader(header: string): string {
  const attribute = (name: string): string | undefined =>
    new RegExp(`\\s${name}=(['"])(.*?)\\1`).exec(header)?.[2];
  const version = attribute("version");
  const told = version === undefined ? "no version" : `version ${version}`;
  return `to ${attribute("to") ?? "nobody"}, ${told}, ${attribute("xmlns") ?? "no namespace"}`;
}

function failed({ error }: { readonly error: { readonly code: string } }): string {
  return error.code;
}

function nothing(): string {
  return "";
}
