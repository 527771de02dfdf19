import { client } from "@xmpp/client";
import { connecting } from "../driver.js";

export const { prepare, pass, leave } = connecting({
  make({ username, domain, password, port }) {
    const xmpp = client({ service: `xmpp://127.0.0.1:${port}`, domain, username, password });
    xmpp.on("error", () => {});
    return xmpp;
  },
  connect: (xmpp) => xmpp.start(),
  leave: (xmpp) => xmpp.stop(),
});
