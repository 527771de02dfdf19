/** The places of a sender: each dialect on each server that speaks it. */
import { Broker, component, jabberd2, legacy, xml, xmpp } from "xmpp-broker";
import { testServers } from "../../bench/harness/test-servers.js";
import { LOGINS_AGAIN } from "./cut.js";

const servers = await testServers();
export const { ACCOUNTS, CLIENT_DOMAINS } = servers;
const { COMPONENT_SECRET, KICK_OLD_DOMAIN, ROUTER_USER, SERVICE_DOMAINS } = servers;

/** The real servers of this machine, with their versions, and why others are missing. */
const found = servers.findAll();
export const SERVERS = found.filter((one) => one.found).map(({ name }) => name);
export const VERSIONS = Object.fromEntries(found.map(({ name, version }) => [name, version]));
export const MISSING = found.filter((one) => !one.found).map(({ name, why }) => `${name}, ${why}`);
if (MISSING.length > 0 && servers.serversRequired()) throw new Error(MISSING.join("; "));

/** Starts a real server by its name. */
export const startServer = (name) => servers.CANDIDATES[name].start();

/** A client in clear with XEP-0198. The domain without TLS has none. */
const IN_CLEAR = { dialect: "xmpp", tls: false, door: "optional" };

/**
 * Every dialect on every server, in clear and, for clients, also in TLS. Only bytes in clear can be cut at a part of
 * XML or at a moment of the login. `isManaged`: the server has XEP-0198 there, and sessions are resumed; `logins`: the
 * moments of its logins, where they are not the usual ones.
 *
 * @typedef {{ server: string, dialect: "xmpp" | "legacy" | "component" | "jabberd2", tls: boolean,
 *   door?: string, isManaged?: boolean, logins?: string[] }} Place
 * @type {readonly Place[]}
 */
export const PLACES = SERVERS.flatMap((server) => [
  { server, dialect: "xmpp", tls: true, ...managedBy(server) },
  ...(server === "jabberd2" ? [] : [{ ...IN_CLEAR, server, ...managedBy(server) }]),
  { server, dialect: "xmpp", tls: false },
  { server, dialect: "legacy", tls: false },
  { server, dialect: "component", tls: false },
  ...(server === "jabberd2" ? [{ server, dialect: "jabberd2", tls: false }] : []),
]);

function managedBy(server) {
  return server === "jabberd2" ? {} : { isManaged: true, logins: LOGINS_AGAIN };
}

/** A place in a few words. */
export const nameOf = ({ server, dialect, tls, door }) =>
  `${server} ${dialect}${tls ? ", TLS" : door === undefined ? "" : ", 0198 in clear"}`;

/** The name of a client's door, and of its domain. */
const doorOf = ({ tls, door = tls ? "required" : "off" }) => door;

const isClient = ({ dialect }) => dialect === "xmpp" || dialect === "legacy";

/** The port of a place, for a relay or a broker. */
export function portOf(place, server) {
  if (isClient(place)) return server.clients[doorOf(place)].port;
  const doors = place.dialect === "component" ? server.components : server.routers;
  return doors.off ?? doors.optional;
}

/**
 * The broker of a place, not yet connected. `port` is the relay's. Options of the caller come last.
 * jabberd2's router does not serve the domain above a service, so there a client's domain is asked for proofs.
 *
 * @param {Place} place
 */
export function senderAt(place, server, port, options = {}) {
  const asks = place.server === "jabberd2" && !isClient(place);
  const tls = isClient(place) && place.tls ? { policy: "required", ca: server.ca } : "plaintext";
  const own = asks ? { acks: { to: CLIENT_DOMAINS.off } } : {};
  return new Broker({
    dialect: dialectOf(place),
    host: "127.0.0.1",
    port,
    tls,
    ...own,
    ...options,
  });
}

function dialectOf(place) {
  const make = { xmpp, legacy, component, jabberd2 }[place.dialect];
  return make(loginAt(place));
}

/** The options of the dialect of a place. */
export function loginAt({ server, dialect, newest = true, resource = dialect, ...place }) {
  const jid = `alice@${CLIENT_DOMAINS[doorOf(place)]}/${resource}`;
  const password = ACCOUNTS.alice;
  switch (dialect) {
    case "xmpp":
      return { jid, password };
    case "legacy":
      // Prosody has no digests.
      return { jid, password, plaintext: server === "prosody" };
    case "component": {
      // On this name of Prosody, a component that comes back replaces its half open connection.
      const domain = server === "prosody" && newest ? KICK_OLD_DOMAIN : SERVICE_DOMAINS[0];
      return { domain, secret: COMPONENT_SECRET };
    }
    case "jabberd2":
      return {
        domain: "router.test",
        ...ROUTER_USER,
        bind: { names: [`routed.${SERVICE_DOMAINS[0]}`] },
      };
  }
}

/** A client beside the relay, not yet connected: nothing cuts it. */
export function receiverAt(server, { resource = "receiver", ...options } = {}) {
  const { port, domain } = server.clients.direct;
  return new Broker({
    dialect: xmpp({ jid: `bob@${domain}/${resource}`, password: ACCOUNTS.bob }),
    host: "127.0.0.1",
    port,
    tls: { policy: "direct", ca: server.ca },
    ...options,
  });
}

/** A ping to the receiver's own server. */
export const pingOf = (server) =>
  xml(
    "iq",
    { type: "get", to: server.clients.direct.domain },
    xml("ping", { xmlns: "urn:xmpp:ping" }),
  );

/**
 * Calls a function for each place, with its server and its number; resolves with the results. The
 * places are independent of one another, so they go through it side by side.
 */
export async function atEveryPlace(play) {
  const ofServer = async (name) => {
    const server = await startServer(name);
    try {
      const places = PLACES.filter((place) => place.server === name);
      return await Promise.all(
        places.map((place) =>
          play(place, server, PLACES.indexOf(place)).catch((cause) => {
            throw new Error(`at ${nameOf(place)}: ${cause.message}`, { cause });
          }),
        ),
      );
    } finally {
      await server.close();
    }
  };
  return (await Promise.all(SERVERS.map(ofServer))).flat();
}
