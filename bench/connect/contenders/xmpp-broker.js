import { ours } from "../../harness/ours.js";
import { connecting } from "../driver.js";

const { Broker, xmpp } = await ours("node.js");

export const { prepare, pass, leave } = connecting({
  make: ({ username, domain, password, port, ca }) =>
    new Broker({
      dialect: xmpp({ jid: `${username}@${domain}`, password }),
      host: "127.0.0.1",
      port,
      tls: { ca },
    }),
  connect: (broker) => broker.connect(),
  leave: (broker) => broker.shutdown(),
});
