import { connecting } from "../../connect/driver.js";
import { ours } from "../../harness/ours.js";
import { asks } from "../asks.js";

let library;

const client = connecting({
  make: ({ username, domain, password, ca, web }) =>
    new library.Broker({
      dialect: library.xmpp({ jid: `${username}@${domain}`, password }),
      tls: { ca },
      ...(web === undefined ? {} : { transport: library.websocket() }),
    }),
  connect: (broker) => broker.connect(),
  leave: (broker) => broker.shutdown(),
});

export const { pass, leave } = client;

export async function prepare(place) {
  asks(place);
  library = await ours("node.js");
  client.prepare(place);
}
