import { once } from "node:events";
import { finding } from "../driver.js";

export const { prepare, pass, leave } = finding({
  load: () => import("stanza"),
  make: ({ createClient }, { username, domain, password }) =>
    createClient({
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
