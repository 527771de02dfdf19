import { once } from "node:events";
import { connecting } from "../../connect/driver.js";
import { asks } from "../asks.js";

let library;

const driver = connecting({
  make: ({ username, domain, password }) =>
    library.createClient({
      jid: `${username}@${domain}`,
      password,
      transports: { websocket: true, bosh: false },
    }),
  async connect(client) {
    const started = once(client, "session:started");
    client.connect();
    await started;
  },
  async leave(client) {
    const gone = once(client, "disconnected");
    client.disconnect();
    await gone;
  },
});

export const { pass, leave } = driver;

export async function prepare(place) {
  asks(place);
  library = await import("stanza");
  driver.prepare(place);
}
