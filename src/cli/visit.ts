import { readFile } from "node:fs/promises";
import { BrokerError } from "../base/errors.ts";
import { oneLine } from "../base/printable.ts";
import {
  Broker,
  type BrokerOptions,
  component,
  type Dialect,
  type Element,
  jabberd2,
  legacy,
  StanzaError,
  xml,
  xmpp,
} from "../node.ts";
import type { Visit, Visitor } from "./arguments.ts";
import type { Paint } from "./paint.ts";
import { milliseconds, watch } from "./timeline.ts";

/** How long an answer may take, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Shows the same on a server of the user's: one guest logs in, flushes what it had queued, sends a
 * message to itself that a filter picks up, asks something and leaves. Rejects with the `BrokerError`
 * of what failed.
 */
export async function visit(
  visit: Visit,
  password: string,
  print: (line: string) => void,
  paint: Paint,
): Promise<void> {
  const broker = new Broker(await optionsOf(visit, password, print, paint));
  print(paint.bold(visit.visitor.dialect));
  watch(broker, print, paint);
  try {
    const early = broker.send(earlyStanza(visit.visitor));
    await broker.connect();
    print(`\n${paint.bold("The queue")}`);
    const flushed = broker.queue.flush();
    await early.written();
    print(`  flush()  ${flushed} stanza, ${early.state}`);

    await sendToItself(broker, print, paint);
    await ask(broker, visit.visitor, print, paint);
    print(`\n${paint.bold(visit.visitor.dialect)} leaves`);
    await broker.shutdown();
  } finally {
    broker.halt();
  }
}

/** The broker's options, as the command line has them. */
async function optionsOf(
  { visitor, host, port, ca, tls, trace }: Visit,
  password: string,
  print: (line: string) => void,
  paint: Paint,
): Promise<BrokerOptions> {
  const options: BrokerOptions = {
    dialect: dialectOf(visitor, password),
    tls: {
      ...(tls === undefined ? {} : { policy: tls }),
      ...(ca === undefined ? {} : { ca: await readCertificates(ca) }),
    },
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
  };
  if (!trace) return options;
  const arrows = { in: "S>", out: "C>" };
  return {
    ...options,
    trace: ({ direction, text }) => {
      // Events stand in the timeline already.
      if (direction !== "event") print(paint.dim(`    ${arrows[direction]} ${oneLine(text)}`));
    },
  };
}

function dialectOf(visitor: Visitor, password: string): Dialect {
  switch (visitor.dialect) {
    case "xmpp":
      return xmpp({ jid: visitor.jid, password });
    case "legacy":
      return legacy({ jid: visitor.jid, password, plaintext: visitor.plaintext });
    case "component":
      return component({ domain: visitor.domain, secret: password });
    case "jabberd2":
      return jabberd2({
        domain: visitor.domain,
        username: visitor.username,
        password,
        bind: { names: [visitor.domain] },
      });
  }
}

async function readCertificates(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new BrokerError("BAD_OPTION", `--ca must be a file that can be read, got ${file}`, {
      cause,
    });
  }
}

/**
 * What is sent before there is a connection. A client's presence has a negative priority, so that no
 * message meant for its user's other devices comes here; a service has nobody but itself to write to.
 */
function earlyStanza(visitor: Visitor): Element {
  return "jid" in visitor
    ? xml("presence", {}, xml("priority", {}, -1))
    : xml("message", { to: visitor.domain }, xml("body", {}, "Sent before the connection."));
}

async function sendToItself(
  broker: Broker,
  print: (line: string) => void,
  paint: Paint,
): Promise<void> {
  print(`\n${paint.bold("A message to itself")}`);
  const expression = "/message[@id='to-myself']/body";
  const arrival = broker.waitFor(expression, { timeout: PATIENCE });
  const since = performance.now();
  const body = xml("body", {}, "Is it me I am looking for?");
  broker.send(xml("message", { to: broker.jid, id: "to-myself", type: "chat" }, body));
  const { stanza } = await arrival;
  const took = paint.dim(milliseconds(performance.now() - since));
  print(`  ${took}  ${paint.name(expression)} matched, from ${oneLine(String(stanza.attrs.from))}`);
}

/** A ping (XEP-0199): a client asks its server, a service itself, by way of the server. */
async function ask(
  broker: Broker,
  visitor: Visitor,
  print: (line: string) => void,
  paint: Paint,
): Promise<void> {
  print(`\n${paint.bold("A request and its answer")}`);
  const to = "jid" in visitor ? broker.settings.dialect.domain : visitor.domain;
  const since = performance.now();
  const answer = await broker
    .request(xml("iq", { type: "get", to }, xml("ping", { xmlns: "urn:xmpp:ping" })), {
      timeout: PATIENCE,
    })
    .then(() => "pong")
    .catch((error: unknown) => {
      // An error, too, is an answer: the server has no ping.
      if (error instanceof StanzaError) return error.condition;
      throw error;
    });
  const took = paint.dim(milliseconds(performance.now() - since));
  print(`  ${took}  ping to ${to}: ${answer}`);
}
