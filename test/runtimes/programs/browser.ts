// A program for a browser: it has the DOM, and no types of Node. It is compiled, not run.
import { Broker, memoryPair, xml, xmpp } from "xmpp-broker";
import { parse } from "xmpp-broker/xml";
import { find } from "xmpp-broker/xpath";

export async function greet(signal: AbortSignal): Promise<number> {
  const [transport] = memoryPair();
  const broker = new Broker({
    dialect: xmpp({ jid: "juliet@example.org", password: "wherefore" }),
    transport: () => Promise.resolve(transport),
  });
  await broker.connect({ signal });
  broker.send(xml("presence"));
  return find(parse("<a/>"), "a").length;
}
