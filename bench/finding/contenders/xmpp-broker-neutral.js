import { ours } from "../../harness/ours.js";
import { finding } from "../driver.js";

export const { prepare, pass, leave } = finding({
  load: () => ours("index.js"),
  make: ({ Broker, xmpp }, { username, domain, password }) =>
    new Broker({ dialect: xmpp({ jid: `${username}@${domain}`, password }) }),
  connect: (broker) => broker.connect(),
  leave: (broker) => broker.shutdown(),
});
