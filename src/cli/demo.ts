import { Broker, component, type Dialect, jabberd2, legacy, xml, xmpp } from "../node.ts";
import { LoopbackServer } from "../testing/index.ts";
import type { DialectName } from "./arguments.ts";
import type { Paint } from "./paint.ts";
import { milliseconds, watch } from "./timeline.ts";

/** One of the four, connected in its own dialect. */
interface Guest {
  readonly name: string;
  readonly broker: Broker;
}

/** How long anything may take here, in milliseconds; it is all on one machine. */
const PATIENCE = 5000;

/**
 * Shows everything on a server it starts itself: four dialects log in, each sends to each of the
 * others, a request is answered, a filter matches, a queued stanza is flushed, all leave in order.
 * Rejects with the first `BrokerError` there is, after closing what was opened.
 */
export async function demo(print: (line: string) => void, paint: Paint): Promise<void> {
  const since = performance.now();
  const server = await LoopbackServer.start({
    domain: "verona.example",
    users: { juliet: "wherefore", romeo: "but soft" },
    components: { "echo.verona.example": "secret of the echo" },
    router: { username: "jabberd", password: "secret of the router" },
  });
  const { client, component: components, router } = server.ports;
  print(paint.bold("A server of all four dialects, on 127.0.0.1"));
  print(`  clients on port ${client}, components on ${components}, jabberd2's router on ${router}`);

  const guests = invite(server);
  try {
    await connectAll(guests, print, paint);
    await sendAll(guests, print, paint);
    await ask(guests, print, paint);
    await filter(guests, print, paint);
    await leaveAll(guests, print, paint);
  } finally {
    for (const { broker } of Object.values(guests)) broker.halt();
    await server.close();
  }
  print("");
  const seconds = ((performance.now() - since) / 1000).toFixed(2);
  print(
    paint.good(`All four dialects connected, spoke with each other and left, in ${seconds} s.`),
  );
}

type Guests = Readonly<Record<DialectName, Guest>>;

/** The four brokers; nothing connects yet. */
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
      xmpp({ jid: `juliet@${domain}/balcony`, password: "wherefore" }),
      ports.client,
      "required",
    ),
    legacy: guest(legacy({ jid: `romeo@${domain}/orchard`, password: "but soft" }), ports.client),
    component: guest(
      component({ domain: `echo.${domain}`, secret: "secret of the echo" }),
      ports.component,
    ),
    jabberd2: guest(
      jabberd2({
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

/** One after the other, so that each timeline can be read. The last has something to send already. */
async function connectAll(
  guests: Guests,
  print: (line: string) => void,
  paint: Paint,
): Promise<void> {
  for (const guest of [guests.xmpp, guests.legacy, guests.component]) {
    print(`\n${paint.bold(guest.name)}`);
    watch(guest.broker, print, paint);
    await guest.broker.connect();
  }

  const { name, broker } = guests.jabberd2;
  print(`\n${paint.bold(name)}, with a message sent before there is a connection`);
  watch(broker, print, paint);
  const arrival = guests.xmpp.broker.waitFor("/message[@id='early']/body", { timeout: PATIENCE });
  const to = guests.xmpp.broker.jid;
  const delivery = broker.send(
    xml("message", { to, id: "early" }, xml("body", {}, "Sent too early, delivered all the same.")),
  );
  await broker.connect();
  print(`\n${paint.bold("The queue")}`);
  print(
    `  before   ${broker.queue.size} stanza waits, ${broker.queue.bytes} bytes, ${delivery.state}`,
  );
  const flushed = broker.queue.flush();
  await delivery.written();
  print(`  flush()  ${flushed} stanza, ${delivery.state}`);
  print(`  arrived  ${quote((await arrival).stanza.childText("body"))}`);
}

/** From each to each of the others. */
async function sendAll(guests: Guests, print: (line: string) => void, paint: Paint): Promise<void> {
  print(`\n${paint.bold("Messages, from each to each")}`);
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
      const took = paint.dim(milliseconds(performance.now() - since));
      const way = `${from.name.padEnd(widest)} → ${to.name.padEnd(widest)}`;
      print(
        `  ${took}  ${way}  ${quote(stanza.childText("body"))} from ${String(stanza.attrs.from)}`,
      );
    }
  }
}

/** A client asks the component what time it is. */
async function ask(guests: Guests, print: (line: string) => void, paint: Paint): Promise<void> {
  print(`\n${paint.bold("A request and its answer")}`);
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
  const took = paint.dim(milliseconds(performance.now() - since));
  const utc = answer.child("time", "urn:xmpp:time")?.childText("utc");
  print(`  ${took}  xmpp asks component for the time (XEP-0202): ${String(utc)}`);
}

/** A filter picks one of two messages. */
async function filter(guests: Guests, print: (line: string) => void, paint: Paint): Promise<void> {
  print(`\n${paint.bold("A filter")}`);
  const expression = "/message[@type='headline']/alert[@level='high']";
  print(`  legacy listens for  ${paint.name(expression)}`);
  const match = guests.legacy.broker.waitFor(expression, { timeout: PATIENCE });
  const to = guests.legacy.broker.jid;
  for (const level of ["low", "high"]) {
    const alert = xml("alert", { xmlns: "urn:example:alert", level }, `A ${level} tide.`);
    guests.jabberd2.broker.send(xml("message", { to, type: "headline" }, alert));
  }
  const { matches } = await match;
  const [node] = matches;
  const text = node !== undefined && "text" in node ? node.text() : undefined;
  print(`  of two messages it matches one, in ${matches.length} node: ${quote(text)}`);
}

/** Each closes its stream and its socket, and waits for the server to do the same. */
async function leaveAll(
  guests: Guests,
  print: (line: string) => void,
  paint: Paint,
): Promise<void> {
  for (const { name, broker } of Object.values(guests)) {
    print(`\n${paint.bold(name)} leaves`);
    await broker.shutdown();
  }
}

function greeting(from: Guest): string {
  return `Hello from ${from.name}`;
}

function quote(text: string | undefined): string {
  return `“${text ?? ""}”`;
}
