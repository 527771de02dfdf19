/**
 * The questions of a client's process: names go to the name server of the bench, as if the machine were set up so,
 * and host-meta is at a port of the bench, since not every user may open 443.
 */
import dns from "node:dns";
import { syncBuiltinESMExports } from "node:module";

/**
 * Must be called before a library is imported that asks.
 *
 * @param {{ names: string, web?: number }} places the name server's address, and the port for HTTPS
 */
export function asks({ names, web }) {
  askNames(names);
  if (web !== undefined) askHttps(web);
}

function askHttps(port) {
  const { fetch } = globalThis;
  globalThis.fetch = (address, init) => {
    const url = new URL(address);
    if (url.port === "") url.port = String(port);
    return fetch(url, init);
  };
}

function askNames(address) {
  const { Resolver } = dns.promises;
  class Asking extends Resolver {
    constructor(options) {
      super(options);
      this.setServers([address]);
    }
  }
  async function lookup(host, { family = 0, all = false } = {}) {
    const asking = new Asking();
    const none = () => [];
    const [four, six] = await Promise.all([
      family === 6 ? [] : asking.resolve4(host).catch(none),
      family === 4 ? [] : asking.resolve6(host).catch(none),
    ]);
    const found = [
      ...four.map((one) => ({ address: one, family: 4 })),
      ...six.map((one) => ({ address: one, family: 6 })),
    ];
    if (found.length === 0) throw Object.assign(new Error(`no ${host}`), { code: "ENOTFOUND" });
    return all ? found : found[0];
  }
  dns.setServers([address]);
  dns.promises.Resolver = Asking;
  dns.promises.lookup = lookup;
  dns.lookup = (host, options, callback = options) => {
    const given = typeof options === "object" ? options : {};
    lookup(host, given).then(
      (found) => (given.all ? callback(null, found) : callback(null, found.address, found.family)),
      (error) => callback(error),
    );
  };
  syncBuiltinESMExports();
}
