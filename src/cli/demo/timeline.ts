import { oneLine } from "../../base/text/printable.ts";
import type { Broker, BrokerEvents } from "../../node.ts";
import type { Paint, Printer } from "../printer.ts";

type Said<E extends keyof BrokerEvents> = (payload: BrokerEvents[E]) => string;

/** The text beside the name of each event at the beginning and the end of a connection. */
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
 * Prints each step of a connection as it happens: the milliseconds since `watch` was called, the event, and the choice
 * that was made.
 */
export function watch(broker: Broker, printer: Printer): void {
  const since = performance.now();
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-type-parameters -- it ties the event to its payload
  const show = <E extends keyof BrokerEvents>(event: E): void => {
    broker.on(event, (payload) => {
      const text = oneLine(said[event]?.(payload) ?? "");
      const name = colourOf(event, printer.paint)(event) + " ".repeat(widestName - event.length);
      printer.step(performance.now() - since, name, text);
    });
  };
  for (const event of events) show(event);
}

function colourOf(event: keyof BrokerEvents, paint: Paint): (text: string) => string {
  if (event === "ready" || event.endsWith(":success")) return paint.good;
  if (event.endsWith(":failure") || event.endsWith(":error")) return paint.bad;
  return (text) => text;
}

/** The attributes of a stream header that matter: `<stream:stream to='a' version='1.0' …>`. */
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
