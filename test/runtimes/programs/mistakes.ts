// Mistakes that a compiler must find. It complains of each `@ts-expect-error` without one. Nothing here is run.
import {
  Broker,
  type BrokerOptions,
  component,
  type FilterMatch,
  type XPathNode,
  xml,
  xmpp,
} from "xmpp-broker";
// @ts-expect-error the address of a module within the package is no entry
import type { Link } from "xmpp-broker/dist/link/link.js";

const dialect = component({ domain: "echo.example.org", secret: "secret" });

export const options: BrokerOptions[] = [
  // @ts-expect-error a dialect must be given
  {},
  // @ts-expect-error there is no such option
  { dialect, hosst: "127.0.0.1" },
  // @ts-expect-error a port is a number
  { dialect, port: "5347" },
  // @ts-expect-error there is no such policy
  { dialect, tls: "none" },
  // @ts-expect-error no option turns the check of certificates off
  { dialect, tls: { rejectUnauthorized: false } },
  // @ts-expect-error there is no such time-out
  { dialect, timeouts: { forever: 1 } },
];

export const dialects = [
  // @ts-expect-error a secret must be given
  () => component({ domain: "echo.example.org" }),
  // @ts-expect-error an address must be given
  () => xmpp({ password: "wherefore" }),
  // @ts-expect-error there is no such option
  () => xmpp({ jid: "juliet@example.org", pasword: "wherefore" }),
  // @ts-expect-error a number is no password
  () => xmpp({ jid: "juliet@example.org", password: 5 }),
];

export function use(broker: Broker, { matches, stanza }: FilterMatch): unknown[] {
  // @ts-expect-error there is no such event
  broker.on("redy", () => undefined);
  // @ts-expect-error the payload of `ready` has no stanza
  broker.on("ready", ({ stanza: none }) => none);
  // @ts-expect-error `send` takes a stanza, not a text
  broker.send("<message/>");
  // @ts-expect-error a handler must be given
  broker.filter("/message");
  // @ts-expect-error the address in force is read, not set
  broker.jid = "juliet@example.org";
  // @ts-expect-error there may be no match
  const kind = matches[0].kind;
  // @ts-expect-error an attribute is a text, a number or nothing
  xml("message", { to: {} });
  // @ts-expect-error there may be no such child
  const length: number = stanza.childText("body").length;
  const { state } = broker.send(xml("message"));
  // @ts-expect-error there is no such state
  const isGone = state === "gone";
  // @ts-expect-error a phase that is not narrowed has no step
  const { step } = broker.phase;
  return [kind, length, isGone, step, new Broker({ dialect })];
}

export type Inner = Link;

// @ts-expect-error an attribute has no text
export type Text = XPathNode["text"];
