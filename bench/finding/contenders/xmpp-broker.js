import { connecting } from "../../connect/driver.js";
import { ours } from "../../harness/ours.js";
import { askOnly } from "../resolver.js";

let library;

const client = connecting({
  make: ({ username, domain, password, ca }) =>
    new library.Broker({
      dialect: library.xmpp({ jid: `${username}@${domain}`, password }),
      tls: { ca },
    }),
  connect: (broker) => broker.connect(),
  leave: (broker) => broker.shutdown(),
});

export const { pass, leave } = client;

export async function prepare(place) {
  askOnly(place.names);
  library = await ours("node.js");
  client.prepare(place);
}
