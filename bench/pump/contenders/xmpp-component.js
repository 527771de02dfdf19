import xmppComponent from "@xmpp/component";
import { factsOf, linkOf, pumpContender } from "../driver.js";
import { DOMAIN } from "../names.js";

const { component, xml } = xmppComponent;

/** `?await`: each `send` is awaited, as its documentation does; else none is. */
const awaits = import.meta.url.endsWith("?await");

export const { prepare, pass, check } = pumpContender({
  async connect({ port }, onStanza) {
    const xmpp = component({
      service: `xmpp://127.0.0.1:${port}`,
      domain: DOMAIN,
      password: "secret",
    });
    xmpp.on("error", (error) => {
      throw error;
    });
    xmpp.on("stanza", onStanza);
    await xmpp.start();
    return { awaits, ...linkOf(xml, (stanza) => xmpp.send(stanza)) };
  },
  facts: factsOf,
});
