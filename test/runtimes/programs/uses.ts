// A program that uses each entry of the package. It is compiled, not run.
import {
  Broker,
  BrokerError,
  type BrokerEvents,
  type BrokerOptions,
  component,
  type Delivery,
  type Dialect,
  type Element,
  type ErrorCode,
  isBrokerError,
  jabberd2,
  legacy,
  type Phase,
  StanzaError,
  xml,
  xmpp,
} from "xmpp-broker";
import { CuttingRelay, Ledger, LoopbackServer, ScriptedPeer } from "xmpp-broker/testing";
import { parse, serialize } from "xmpp-broker/xml";
import { find } from "xmpp-broker/xpath";

export const dialects: readonly Dialect[] = [
  xmpp({ jid: "juliet@example.org", password: () => Promise.resolve("wherefore") }),
  legacy({ jid: "romeo@example.org/orchard", password: "but soft" }),
  component({ domain: "echo.example.org", secret: "secret" }),
  jabberd2({ domain: "echo.example.org", username: "jabberd", password: "secret" }),
];

// With `exactOptionalPropertyTypes` an option takes `undefined` only if its type says so.
const { XMPP_HOST, XMPP_PORT, XMPP_CA } = process.env;
export const fromEnvironment: BrokerOptions = {
  dialect: xmpp({ jid: "juliet@example.org", password: "wherefore" }),
  host: XMPP_HOST,
  port: XMPP_PORT === undefined ? undefined : Number(XMPP_PORT),
  tls: { ca: XMPP_CA },
};

export async function use(broker: Broker): Promise<string> {
  const subscription = broker.on("ready", ({ jid }: BrokerEvents["ready"]) => jid.length);
  subscription();
  broker.filter("/message/body", ({ stanza, elements }) => {
    const [body] = elements;
    const from: string | undefined = stanza.attrs.from;
    return [body?.text(), from];
  });
  broker.respond(
    "/iq/query",
    () => xml`<query xmlns="jabber:iq:version"><name>${"x"}</name></query>`,
  );
  const { jid } = await broker.connect({ signal: AbortSignal.timeout(1000) });
  const delivery: Delivery = broker.send(xml("message", { to: jid, id: undefined }));
  await delivery.written();
  const answer: Element = await broker.request(xml("iq", { type: "get" }), { timeout: 1000 });
  for await (const { stanza } of broker.stanzas("/message")) if (stanza.name === "message") break;
  return answer.childText("name") ?? "";
}

export function codeOf(error: unknown): ErrorCode | undefined {
  if (error instanceof StanzaError) return error.code;
  if (error instanceof BrokerError && error.retryable) return error.code;
  return isBrokerError(error) ? error.code : undefined;
}

/** Each phase has its own members. */
export function detail(phase: Phase): string {
  return phase.name === "negotiating" ? phase.step : phase.name;
}

export const written: string = serialize(parse("<a/>"));
export const attributes = find(parse("<a b='1'/>"), "@b").map((node) =>
  "value" in node ? node.value : "",
);
export const tools = [CuttingRelay, Ledger, LoopbackServer, ScriptedPeer];

export async function scoped(options: BrokerOptions): Promise<void> {
  await using broker = new Broker(options);
  await broker.connect();
}
