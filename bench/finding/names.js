/** A name server for one domain, in a process of its own. */
import { testNames } from "../harness/test-servers.js";

let server;

/**
 * @param {{ domain: string, port: number, addresses: string[], delay: number }} options `delay`: ms of a round trip
 * @returns its address, as `setServers` takes it
 */
export async function start({ domain, port, addresses, delay }) {
  const { DnsServer } = await testNames();
  const records = addresses.map((data) => ({ kind: "A", data }));
  const answers = {
    [`SRV _xmpp-client._tcp.${domain}`]: [{ kind: "SRV", data: `1 1 ${port} chat.${domain}` }],
    [`A chat.${domain}`]: records,
    [`A ${domain}`]: records,
  };
  server = new DnsServer(answers, delay);
  return server.listen();
}

/** How many questions came since the last call. */
export function counted() {
  return server.asked.splice(0).length;
}

export function stop() {
  server.close();
}
