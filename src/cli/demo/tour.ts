import { type DialectName, dialects } from "../../dialect/dialects.ts";
import { Broker, type Dialect, xml } from "../../node.ts";
import { LoopbackServer } from "../../testing/index.ts";
import type { Printer } from "../printer.ts";
import { watch } from "./timeline.ts";

/** A broker of one dialect. */
interface Guest {
  readonly name: string;
  readonly broker: Broker;
}

/** How long each step may take, in milliseconds; everything is on one machine. */
const PATIENCE = 5000;

/**
 * Shows everything on a server that it starts itself. Each dialect logs in and sends to each of the others; a request
 * is answered, a filter matches, a queued stanza is flushed, and all leave in order. Rejects with the first
 * `BrokerError`, after it has closed everything.
 */
export async function tour(printer: Printer): Promise<void> {
  const since = performance.now();
  const server = await LoopbackServer.start({
    domain: "verona.example",
    users: { juliet: "wherefore", romeo: "but soft" },
    components: { "echo.verona.example": "secret of the echo" },
    router: { username: "jabberd", password: "secret of the router" },
  });
  const { client, component: components, router } = server.ports;
  printer.sentence(printer.paint.bold("A server of all four dialects, on 127.0.0.1"));
  printer.line(
    `clients on port ${client}, components on ${components}, jabberd2's router on ${router}`,
  );

  const guests = invite(server);
  try {
    await connectAll(guests, printer);
    await sendAll(guests, printer);
    await ask(guests, printer);
    await filter(guests, printer);
    await leaveAll(guests, printer);
  } finally {
    for (const { broker } of Object.values(guests)) broker.halt();
    await server.close();
  }
  const seconds = ((performance.now() - since) / 1000).toFixed(2);
  const { good } = printer.paint;
  printer.raw("");
  printer.sentence(
    good(`All four dialects connected, spoke with each other and left, in ${seconds} s.`),
  );
}

type Guests = Readonly<Record<DialectName, Guest>>;

/** The brokers of all dialects; nothing connects yet. */
function invite({ domain, ports, ca }: LoopbackServer): Guests {
  const guest = (dialect: Dialect, port: number, tls?: "required"): Guest => ({
    name: dialect.name,
    broker: new Broker({
      dialect,
      host: "127.0.0.1",
      port,
      ...(tls === undefined ? {} : { tls: { policy: tls, ca } }),
    }),
  });
  return {
    xmpp: guest(
      dialects.xmpp.make({ jid: `juliet@${domain}/balcony`, password: "wherefore" }),
      ports.client,
      "required",
    ),
    legacy: guest(
      dialects.legacy.make({ jid: `romeo@${domain}/orchard`, password: "but soft" }),
      ports.client,
    ),
    component: guest(
      dialects.component.make({ domain: `echo.${domain}`, secret: "secret of the echo" }),
      ports.component,
    ),
    jabberd2: guest(
      dialects.jabberd2.make({
        domain,
        username: "jabberd",
        password: "secret of the router",
        bind: { names: [`news.${domain}`] },
      }),
      ports.router,
      "required",
    ),
  };
}

/** Connects one after the other, so that each timeline can be read. The last has a message to send already. */
async function connectAll(guests: Guests, printer: Printer): Promise<void> {
  for (const guest of [guests.xmpp, guests.legacy, guests.component]) {
    printer.heading(guest.name);
    watch(guest.broker, printer);
    await guest.broker.connect();
  }

  const { name, broker } = guests.jabberd2;
  printer.heading(name, ", with a message sent before there is a connection");
  watch(broker, printer);
  const arrival = guests.xmpp.broker.waitFor("/message[@id='early']/body", { timeout: PATIENCE });
  const to = guests.xmpp.broker.jid;
  const delivery = broker.send(
    xml("message", { to, id: "early" }, xml("body", {}, "Sent too early, delivered all the same.")),
  );
  await broker.connect();
  const { size, bytes } = broker.queue;
  printer.heading("The queue");
  printer.line("before ", `${size} stanza waits, ${bytes} bytes, ${delivery.state}`);
  const flushed = broker.queue.flush();
  await delivery.written();
  printer.line("flush()", `${flushed} stanza, ${delivery.state}`);
  printer.line("arrived", quote((await arrival).stanza.childText("body")));
}

/** Sends a message from each to each of the others. */
async function sendAll(guests: Guests, printer: Printer): Promise<void> {
  printer.heading("Messages, from each to each");
  const all = Object.values(guests);
  const widest = Math.max(...all.map(({ name }) => name.length));
  for (const from of all) {
    for (const to of all) {
      if (from === to) continue;
      const id = `${from.name}-${to.name}`;
      const arrival = to.broker.waitFor(`/message[@id='${id}']`, { timeout: PATIENCE });
      const since = performance.now();
      from.broker.send(
        xml("message", { to: to.broker.jid, id, type: "chat" }, xml("body", {}, greeting(from))),
      );
      const { stanza } = await arrival;
      const way = `${from.name.padEnd(widest)} → ${to.name.padEnd(widest)}`;
      const text = `${quote(stanza.childText("body"))} from ${String(stanza.attrs.from)}`;
      printer.step(performance.now() - since, way, text);
    }
  }
}

/** A client asks the component what time it is. */
async function ask(guests: Guests, printer: Printer): Promise<void> {
  printer.heading("A request and its answer");
  const { broker } = guests.component;
  const time = xml("time", { xmlns: "urn:xmpp:time" }, xml("utc", {}, new Date().toISOString()));
  broker.respond("/iq[@type='get']/time", () => time);
  const question = xml(
    "iq",
    { type: "get", to: broker.jid },
    xml("time", { xmlns: "urn:xmpp:time" }),
  );
  const since = performance.now();
  const answer = await guests.xmpp.broker.request(question, { timeout: PATIENCE });
  const took = performance.now() - since;
  const utc = answer.child("time", "urn:xmpp:time")?.childText("utc");
  printer.step(took, `xmpp asks component for the time (XEP-0202): ${String(utc)}`);
}

/** A filter picks one of two messages. */
async function filter(guests: Guests, printer: Printer): Promise<void> {
  printer.heading("A filter");
  const expression = "/message[@type='headline']/alert[@level='high']";
  printer.line("legacy listens for", printer.paint.name(expression));
  const match = guests.legacy.broker.waitFor(expression, { timeout: PATIENCE });
  const to = guests.legacy.broker.jid;
  for (const level of ["low", "high"]) {
    const alert = xml("alert", { xmlns: "urn:example:alert", level }, `A ${level} tide.`);
    guests.jabberd2.broker.send(xml("message", { to, type: "headline" }, alert));
  }
  const { elements, matches } = await match;
  const text = quote(elements[0]?.text());
  printer.line(`of two messages it matches one, in ${matches.length} node: ${text}`);
}

/** Closes the stream and the socket of each, and waits until the server has done the same. */
async function leaveAll(guests: Guests, printer: Printer): Promise<void> {
  for (const { name, broker } of Object.values(guests)) {
    printer.heading(name, " leaves");
    await broker.shutdown();
  }
}

function greeting(from: Guest): string {
  return `Hello from ${from.name}`;
}

function quote(text: string | undefined): string {
  return `“${text ?? ""}”`;
}
