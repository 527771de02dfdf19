import { readFile } from "node:fs/promises";
import { BrokerError } from "../../base/errors.ts";
import { oneLine } from "../../base/text/printable.ts";
import { dialects } from "../../dialect/dialects.ts";
import {
  Broker,
  type BrokerOptions,
  type Dialect,
  type Element,
  StanzaError,
  xml,
} from "../../node.ts";
import { secretOf } from "../command-options.ts";
import type { Printer } from "../printer.ts";
import { watch } from "./timeline.ts";
import type { Visit } from "./visit-options.ts";

/** How long an answer may take, in milliseconds. */
const PATIENCE = 10_000;

/**
 * Shows one dialect on a server of the user's: it logs in, flushes a stanza that was queued, sends a message to itself
 * that a filter matches, asks a request and leaves. Rejects with the `BrokerError` of a failure.
 */
export async function visit(visit: Visit, password: string, printer: Printer): Promise<void> {
  const broker = new Broker(await optionsOf(visit, password, printer));
  printer.sentence(printer.paint.bold(visit.dialect));
  watch(broker, printer);
  try {
    const early = broker.send(earlyStanza(visit));
    await broker.connect();
    printer.heading("The queue");
    const flushed = broker.queue.flush();
    await early.written();
    printer.line("flush()", `${flushed} stanza, ${early.state}`);

    await sendToItself(broker, printer);
    await ask(broker, visit, printer);
    printer.heading(visit.dialect, " leaves");
    await broker.shutdown();
  } finally {
    broker.halt();
  }
}

/** The options of the broker, from those of the command line. */
async function optionsOf(visit: Visit, password: string, printer: Printer): Promise<BrokerOptions> {
  const { host, port, ca, tls: policy, trace } = visit;
  const arrows = { in: "S>", out: "C>" };
  return {
    dialect: dialectOf(visit, password),
    host,
    port,
    tls: { policy, ca: ca === undefined ? undefined : await readCertificates(ca) },
    trace: trace
      ? ({ direction, text }) => {
          // (Events stand in the timeline already.)
          if (direction === "event") return;
          printer.raw(printer.paint.dim(`    ${arrows[direction]} ${oneLine(text)}`));
        }
      : undefined,
  };
}

/** The dialect. A service on a router binds the one name that it was given. */
function dialectOf({ dialect, identity }: Visit, password: string): Dialect {
  const { make, options } = dialects[dialect];
  const bound = "bind" in options.takes ? { bind: { names: [identity.domain] } } : {};
  const given = { ...identity, ...bound, [secretOf(dialect)]: password };
  // `make` checks them itself.
  return (make as (options: object) => Dialect)(given);
}

/** True if a client logs in: a client has an address, a service a domain. */
function isClient({ identity }: Visit): boolean {
  return "jid" in identity;
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
 * The stanza that is sent before there is a connection. A client's presence has a negative priority, so that no
 * message for other devices of the account comes here. A service writes to itself.
 */
function earlyStanza(visit: Visit): Element {
  return isClient(visit)
    ? xml("presence", {}, xml("priority", {}, -1))
    : xml(
        "message",
        { to: String(visit.identity.domain) },
        xml("body", {}, "Sent before the connection."),
      );
}

async function sendToItself(broker: Broker, printer: Printer): Promise<void> {
  printer.heading("A message to itself");
  const expression = "/message[@id='to-myself']/body";
  const arrival = broker.waitFor(expression, { timeout: PATIENCE });
  const since = performance.now();
  const body = xml("body", {}, "Is it me I am looking for?");
  broker.send(xml("message", { to: broker.jid, id: "to-myself", type: "chat" }, body));
  const { stanza } = await arrival;
  const took = performance.now() - since;
  const from = oneLine(String(stanza.attrs.from));
  printer.step(took, `${printer.paint.name(expression)} matched, from ${from}`);
}

/** Sends a ping (XEP-0199): a client to its server, a service to itself through the server. */
async function ask(broker: Broker, visit: Visit, printer: Printer): Promise<void> {
  printer.heading("A request and its answer");
  const to = isClient(visit) ? broker.settings.dialect.domain : String(visit.identity.domain);
  const since = performance.now();
  const answer = await broker
    .request(xml("iq", { type: "get", to }, xml("ping", { xmlns: "urn:xmpp:ping" })), {
      timeout: PATIENCE,
    })
    .then(() => "pong")
    .catch((error: unknown) => {
      // An error is an answer too: the server has no ping.
      if (error instanceof StanzaError) return error.condition;
      throw error;
    });
  printer.step(performance.now() - since, `ping to ${to}: ${answer}`);
}
