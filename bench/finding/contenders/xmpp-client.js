import { finding } from "../driver.js";

export const { prepare, pass, leave } = finding({
  load: () => import("@xmpp/client"),
  make({ client }, { username, domain, password, web }) {
    const xmpp = client({ service: domain, domain, username, password });
    // A browser has WebSockets alone.
    if (web !== undefined) {
      xmpp.transports = xmpp.transports.filter((one) => one.prototype.socketParameters("wss://a"));
    }
    xmpp.on("error", () => {});
    return xmpp;
  },
  connect: (xmpp) => xmpp.start(),
  leave: (xmpp) => xmpp.stop(),
});
