import { connecting } from "../../connect/driver.js";
import { ours } from "../../harness/ours.js";
import { asks } from "../asks.js";

let library;

const client = connecting({
  make: ({ username, domain, password }) =>
    new library.Broker({ dialect: library.xmpp({ jid: `${username}@${domain}`, password }) }),
  connect: (broker) => broker.connect(),
  leave: (broker) => broker.shutdown(),
});

export const { pass, leave } = client;

export async function prepare(place) {
  asks(place);
  library = await ours("index.js");
  client.prepare(place);
}
