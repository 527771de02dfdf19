import { connecting } from "../../connect/driver.js";
import { asks } from "../asks.js";

let library;

const driver = connecting({
  make({ username, domain, password, web }) {
    const xmpp = library.client({ service: domain, domain, username, password });
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

export const { pass, leave } = driver;

export async function prepare(place) {
  asks(place);
  library = await import("@xmpp/client");
  driver.prepare(place);
}
