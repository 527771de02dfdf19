/**
 * One server in a process of its own, for `Contender`. Prosody, ejabberd and jabberd2 are started
 * by the harness of the project's own tests.
 */
import { ours } from "./ours.js";
import { testServers } from "./test-servers.js";

let running;

/** The real servers that this machine has, with their versions. */
export async function find() {
  const { findAll } = await testServers();
  return findAll();
}

/**
 * Starts `loopback`, `prosody`, `ejabberd` or `jabberd2`.
 *
 * @returns {Promise<Place>}
 * @typedef {{ name: string, ca: string, serviceDomains: string[],
 *   component: { port: number, domain: string, secret: string },
 *   client: { port: number, domain: string, username: string, password: string },
 *   web?: number }} Place `web`: the port for HTTPS, of `loopback` alone
 */
export async function start(name) {
  return name === "loopback" ? startLoopback() : startReal(name);
}

export async function stop() {
  await running?.close();
}

async function startLoopback() {
  const { LoopbackServer } = await ours("testing/index.js");
  const domains = ["one", "two", "three", "four"].map((name) => `${name}.service.test`);
  const component = { domain: domains[0], secret: "secret" };
  const client = { username: "alice", password: "wonderland" };
  const server = await LoopbackServer.start({
    domain: "required.test",
    http: true,
    users: { [client.username]: client.password },
    components: Object.fromEntries(domains.map((domain) => [domain, component.secret])),
  });
  running = server;
  return {
    name: "LoopbackServer",
    ca: server.ca,
    serviceDomains: domains,
    component: { ...component, port: server.ports.component },
    client: { ...client, port: server.ports.client, domain: "required.test" },
    web: server.ports.https,
  };
}

async function startReal(name) {
  const { CANDIDATES, ACCOUNTS, COMPONENT_SECRET, SERVICE_DOMAINS, CLIENT_DOMAINS } =
    await testServers();
  const server = await CANDIDATES[name].start();
  running = server;
  return {
    name,
    ca: server.ca,
    serviceDomains: [...SERVICE_DOMAINS],
    component: {
      port: server.components.off ?? server.components.optional,
      domain: SERVICE_DOMAINS[0],
      secret: COMPONENT_SECRET,
    },
    client: {
      port: server.clients.required.port,
      domain: CLIENT_DOMAINS.required,
      username: "alice",
      password: ACCOUNTS.alice,
    },
  };
}
