import { makeCertificate } from "../../src/testing/certificate/certificate.ts";
import { type LoopbackOptions, LoopbackServer } from "../../src/testing/index.ts";
import {
  ACCOUNTS,
  CLIENT_DOMAINS,
  COMPONENT_SECRET,
  ROUTER_USER,
  SERVICE_DOMAINS,
  type Server,
  type TlsMode,
} from "./server.ts";

/** The option of the loopback server for each mode. */
const STARTTLS = { required: "required", optional: "optional", off: "none" } as const;

/** Starts the package's own server with the accounts and names of the real ones. */
export async function startLoopback(
  mode: keyof typeof STARTTLS,
  options: Pick<LoopbackOptions, "management"> = {},
): Promise<Server> {
  const domain = CLIENT_DOMAINS.required;
  const server = await LoopbackServer.start({
    ...options,
    http: true,
    domain,
    users: ACCOUNTS,
    components: Object.fromEntries(SERVICE_DOMAINS.map((name) => [name, COMPONENT_SECRET])),
    router: ROUTER_USER,
    starttls: STARTTLS[mode],
    // Only jabberd2 has STARTTLS for components.
    componentPort: mode === "off" ? "xep-0114" : "jabberd2",
    // As the real servers do.
    conflict: "replace",
    addresses: "stringprep",
    certificate: makeCertificate({ names: [domain, "localhost", "127.0.0.1"] }),
  });
  const { client, clientTls, component, router } = server.ports;
  const doors = (port: number): Partial<Record<TlsMode, number>> => ({ [mode]: port });
  const door = { port: client, domain };
  return {
    name: "loopback",
    ca: server.ca,
    clients: { required: door, optional: door, off: door, direct: { port: clientTls, domain } },
    webSockets: { ws: server.url("ws"), wss: server.url("wss") },
    bosh: { "http-bind": server.url("http"), "https-bind": server.url("https") },
    components: doors(component),
    routers: doors(router),
    settled: () => Promise.resolve(),
    stop: () => server.close(),
    async kill() {
      server.faults.cut();
      await server.close();
    },
    close: () => server.close(),
  };
}
