import { ours } from "../../harness/ours.js";
import { finding } from "../driver.js";

export const { prepare, pass, leave } = finding({
  load: () => ours("node.js"),
  make: ({ Broker, websocket, xmpp }, { username, domain, password, ca, web }) =>
    new Broker({
      dialect: xmpp({ jid: `${username}@${domain}`, password }),
      tls: { ca },
      ...(web === undefined ? {} : { transport: websocket() }),
    }),
  connect: (broker) => broker.connect(),
  leave: (broker) => broker.shutdown(),
});
