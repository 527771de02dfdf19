import { writeCertificates } from "./certificates.ts";
import {
  ACCOUNTS,
  CLIENT_DOMAINS,
  COMPONENT_SECRET,
  KICK_OLD_DOMAIN,
  type RealServer,
  SERVICE_DOMAINS,
} from "./server.ts";
import { accepts, Workspace } from "./workspace.ts";

/**
 * Starts Prosody. TLS is a matter of its hosts: required, offered, or (without the `tls` module) not
 * there. The host without TLS has no stream management either. Accounts are files of its own format; `prosodyctl` would switch users and need its own setup.
 */
export async function startProsody(): Promise<RealServer> {
  const workspace = await Workspace.open("prosody", 5);
  try {
    const [client = 0, direct = 0, component = 0, http = 0, https = 0] = workspace.ports.free;
    const certificates = writeCertificates(workspace);
    const user = "alice";
    const external = certificates.clientCertificate(`${user}@${CLIENT_DOMAINS.certificate}`);
    for (const domain of [CLIENT_DOMAINS.required, CLIENT_DOMAINS.optional, CLIENT_DOMAINS.off]) {
      for (const [name, password] of Object.entries(ACCOUNTS)) {
        workspace.write(
          `data/${fileName(domain)}/accounts/${fileName(name)}.dat`,
          `return { password = ${lua(password)} }`,
        );
      }
    }
    const tls = `{ certificate = ${lua(certificates.certFile)}, key = ${lua(certificates.keyFile)}, cafile = ${lua(certificates.caFile)} }`;
    const clientTls = `{ certificate = ${lua(certificates.certFile)}, key = ${lua(certificates.keyFile)}, cafile = ${lua(certificates.caFile)}, verify = { "peer", "client_once" } }`;
    workspace.write(
      "prosody.cfg.lua",
      `
run_as_root = true -- refused otherwise; anybody else never asks
pidfile = ${lua(workspace.path("prosody.pid"))}
data_path = ${lua(workspace.path("data"))}
storage = "internal"
log = { { to = "file", levels = { min = "info" }, filename = ${lua(workspace.path("prosody.log"))} } }
interfaces = { "127.0.0.1" }
local_interfaces = { "127.0.0.1" }
c2s_ports = { ${client} }
c2s_direct_tls_ports = { ${direct} }
http_ports = { ${http} }
https_ports = { ${https} }
http_interfaces = { "127.0.0.1" }
https_interfaces = { "127.0.0.1" }
http_default_host = "${CLIENT_DOMAINS.required}"
component_ports = { ${component} }
component_interfaces = { "127.0.0.1" }
modules_enabled = { "saslauth", "smacks", "csi", "tls", "legacyauth", "websocket", "bosh", "disco", "ping", "roster" }
modules_disabled = { "s2s" }
authentication = "internal_plain"
ssl = ${tls}
c2s_direct_tls_ssl = ${tls}
https_ssl = ${tls}
VirtualHost "${CLIENT_DOMAINS.required}"
  c2s_require_encryption = true
VirtualHost "${CLIENT_DOMAINS.optional}"
  c2s_require_encryption = false
  allow_unencrypted_plain_auth = true
VirtualHost "${CLIENT_DOMAINS.off}"
  modules_disabled = { "s2s", "smacks", "tls" }
  c2s_require_encryption = false
  allow_unencrypted_plain_auth = true
VirtualHost "${CLIENT_DOMAINS.anonymous}"
  authentication = "anonymous"
VirtualHost "${CLIENT_DOMAINS.certificate}"
  authentication = "ccert"
  certificate_match = "xmppaddr"
  c2s_ssl = ${clientTls}
${SERVICE_DOMAINS.map((name) => `Component "${name}"\n  component_secret = ${lua(COMPONENT_SECRET)}`).join("\n")}
Component "${KICK_OLD_DOMAIN}"
  component_secret = ${lua(COMPONENT_SECRET)}
  component_conflict_resolve = "kick_old"
`,
    );
    const launch = async (): Promise<void> => {
      workspace.start("prosody", "prosody", ["-F", "--config", workspace.path("prosody.cfg.lua")]);
      for (const port of workspace.ports.free) {
        await workspace.until(`port ${port}`, () => accepts(port), "prosody.out", "prosody.log");
      }
    };
    await launch();
    return {
      name: "prosody",
      ca: certificates.ca,
      clients: {
        required: { port: client, domain: CLIENT_DOMAINS.required },
        optional: { port: client, domain: CLIENT_DOMAINS.optional },
        off: { port: client, domain: CLIENT_DOMAINS.off },
        direct: { port: direct, domain: CLIENT_DOMAINS.required },
      },
      anonymous: { port: client, domain: CLIENT_DOMAINS.anonymous },
      external: { port: client, domain: CLIENT_DOMAINS.certificate, user, ...external },
      // Its HTTPS refuses the name of a host that it does not serve (SNI). An address is none.
      webSockets: {
        ws: `ws://127.0.0.1:${http}/xmpp-websocket`,
        wss: `wss://127.0.0.1:${https}/xmpp-websocket`,
      },
      bosh: {
        "http-bind": `http://localhost:${http}/http-bind`,
        "https-bind": `https://${CLIENT_DOMAINS.required}:${https}/http-bind`,
      },
      components: { off: component },
      routers: {},
      settled: () => Promise.resolve(),
      stop: () => workspace.stop(10_000),
      kill: () => workspace.kill(),
      restart: launch,
      close: () => workspace.close(),
    };
  } catch (error) {
    await workspace.close();
    throw error;
  }
}

/** A Lua string. */
const lua = (text: string): string => JSON.stringify(text);

/** Prosody's store escapes every byte of a file name that is no letter or digit. */
const fileName = (text: string): string =>
  Buffer.from(text)
    .toString("latin1")
    .replaceAll(/[^A-Za-z0-9]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`);
