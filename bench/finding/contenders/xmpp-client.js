import { connecting } from "../../connect/driver.js";
import { askOnly } from "../resolver.js";

let library;

const driver = connecting({
  make({ username, domain, password }) {
    const xmpp = library.client({ service: domain, domain, username, password });
    xmpp.on("error", () => {});
    return xmpp;
  },
  connect: (xmpp) => xmpp.start(),
  leave: (xmpp) => xmpp.stop(),
});

export const { pass, leave } = driver;

export async function prepare(place) {
  askOnly(place.names);
  library = await import("@xmpp/client");
  driver.prepare(place);
}
