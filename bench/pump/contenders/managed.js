import { ours } from "../../harness/ours.js";
import { factsOf, linkOf, pumpContender } from "../driver.js";

const { Broker, xml, xmpp } = await ours("node.js");

/** `?none`: without XEP-0198, which the server offers. */
const acks = import.meta.url.endsWith("?none") ? false : "auto";

export const { prepare, pass, check } = pumpContender({
  async connect({ port }, onStanza) {
    const broker = new Broker({
      dialect: xmpp({ jid: "example.net", mechanisms: ["ANONYMOUS"] }),
      host: "127.0.0.1",
      port,
      tls: "plaintext",
      // The session can be resumed with it, so each stanza is kept until it is acknowledged.
      reconnect: true,
      acks,
    });
    broker.on("received", ({ stanza }) => onStanza(stanza));
    await broker.connect();
    return linkOf(xml, (stanza) => broker.send(stanza));
  },
  facts: factsOf,
});
