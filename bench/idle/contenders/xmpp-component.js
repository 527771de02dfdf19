import xmppComponent from "@xmpp/component";
import { idling } from "../driver.js";

export const { pass } = idling(async (port, n) => {
  const xmpp = xmppComponent.component({
    service: `xmpp://127.0.0.1:${port}`,
    domain: `bot${n}.example.net`,
    password: "secret",
  });
  xmpp.on("error", (error) => {
    throw error;
  });
  xmpp.on("stanza", () => {});
  await xmpp.start();
  return xmpp;
});
