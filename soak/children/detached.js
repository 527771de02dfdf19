/**
 * A process of the part "detach": a client that sends each message back, and goes on with the session of the process
 * before it.
 */
import { Broker, xml, xmpp } from "xmpp-broker";

let broker;
/** The ids of messages that arrived since they were asked for. */
let arrived = [];

/** Connects; with `session` it goes on. Resolves with `ready`. */
export async function prepare({ jid, password, port, ca, session }) {
  broker = new Broker({
    dialect: xmpp({ jid, password }),
    host: "127.0.0.1",
    port,
    tls: { policy: "required", ca },
    reconnect: true,
    session,
  });
  broker.filter("/message[starts-with(@id, 'in-')]", ({ stanza }) => {
    const { from, id } = stanza.attrs;
    arrived.push(id);
    broker.send(xml("message", { to: from, id: `back-${id}`, type: "chat" }, xml("body", {}, id)));
  });
  const ready = await broker.connect();
  if (!ready.resumed) broker.send(xml("presence"));
  return ready;
}

/** Lets another account see its presence. */
export async function befriend({ to }) {
  broker.send(xml("presence", { to, type: "subscribed" }));
  await broker.acked();
}

/** The messages that arrived since the last call. */
export function look() {
  const ids = arrived;
  arrived = [];
  return ids;
}

/** Gives the session away. */
export async function leave() {
  const session = await broker.detach();
  return { session: JSON.stringify(session), arrived: look(), unsent: broker.queue.size };
}

export async function stop() {
  await broker.shutdown();
}
