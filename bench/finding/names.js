/** A name server for one domain, in a process of its own. */
import { testNames } from "../harness/test-servers.js";

let server;

/**
 * @param {{ domain: string, port: number, addresses: string[], delay: number, isWeb?: boolean }} options
 *   `delay`: ms of a round trip; `isWeb`: there are no SRV records
 * @returns its address, as `setServers` takes it
 */
export async function start({ domain, port, addresses, delay, isWeb }) {
  const { DnsServer } = await testNames();
  const records = addresses.map((data) => ({ kind: "A", data }));
  const srv = { kind: "SRV", data: `1 1 ${port} chat.${domain}` };
  const answers = {
    ...(isWeb ? {} : { [`SRV _xmpp-client._tcp.${domain}`]: [srv] }),
    [`A chat.${domain}`]: records,
    [`A ${domain}`]: records,
  };
  server = new DnsServer(answers, delay);
  return server.listen();
}

/** The number of questions since the last call. */
export function counted() {
  return server.asked.splice(0).length;
}

export function stop() {
  server.close();
}
