import { LoopbackServer } from "xmpp-broker/testing";
import { LOGINS_AGAIN } from "./cut.js";
import { ACCOUNTS, CLIENT_DOMAINS } from "./places.js";

/** The moments of a login where sessions are rarely resumed. */
const logins = ["sasl", "bind", "resume"];

/** The habits of servers with XEP-0198, as a `LoopbackServer` takes them. `talks`: it has much to say to the sender. */
const HABITS = [
  { name: "as ejabberd", management: {} },
  { name: "as Prosody", management: { like: "prosody" } },
  { name: "never asks", management: { asks: false } },
  { name: "keeps no session", management: { window: 0 }, logins },
  { name: "tells no h", management: { window: 0, failedTellsH: false }, logins },
  { name: "ends at 10 unacknowledged", management: { limit: 10 }, talks: true, logins },
  { name: "forgets beyond 10", management: { like: "prosody", limit: 10 }, talks: true, logins },
];

/** The places of a sender on servers of these habits, in clear, so that parts of XML can be cut. */
export const HABIT_PLACES = HABITS.map(({ name, ...habits }) => ({
  server: `loopback, ${name}`,
  dialect: "xmpp",
  tls: false,
  isManaged: true,
  logins: LOGINS_AGAIN,
  ...habits,
}));

/** Starts the server of such a place, with the doors of the real ones. */
export async function startWithHabits({ management }) {
  const domain = CLIENT_DOMAINS.off;
  const server = await LoopbackServer.start({
    domain,
    users: ACCOUNTS,
    conflict: "replace",
    addresses: "stringprep",
    management,
  });
  const { client, clientTls } = server.ports;
  return {
    ca: server.ca,
    clients: { off: { port: client, domain }, direct: { port: clientTls, domain } },
    close: () => server.close(),
  };
}
