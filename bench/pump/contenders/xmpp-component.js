import xmppComponent from "@xmpp/component";
import { CHATSTATES, message, pumpContender } from "../driver.js";
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
    return {
      awaits,
      control: (id) => xmpp.send(xml("message", { to: "x.example.net", id })),
      chat(n) {
        const { to, id, body } = message(n);
        return xmpp.send(
          xml(
            "message",
            { to, id, type: "chat" },
            xml("body", {}, body),
            xml("active", { xmlns: CHATSTATES }),
          ),
        );
      },
    };
  },
  facts: (stanza) => ({ name: stanza.name, type: stanza.attrs.type, id: stanza.attrs.id }),
});
