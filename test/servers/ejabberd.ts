import { readdirSync } from "node:fs";
import { writeCertificates } from "./certificates.ts";
import { ACCOUNTS, CLIENT_DOMAINS, COMPONENT_SECRET, type RealServer } from "./server.ts";
import { accepts, Workspace } from "./workspace.ts";

/**
 * Starts ejabberd. TLS is a matter of its listeners. The domain without TLS has no stream management either. The Erlang machine is run directly: the control
 * script would switch users and start a daemon for Erlang's own network on a fixed port.
 */
export async function startEjabberd(): Promise<RealServer> {
  const workspace = await Workspace.open("ejabberd", 9);
  try {
    const [
      required = 0,
      optional = 0,
      off = 0,
      direct = 0,
      certificate = 0,
      plain = 0,
      secure = 0,
      http = 0,
      https = 0,
    ] = workspace.ports.free;
    const certificates = writeCertificates(workspace);
    const user = "alice";
    const external = certificates.clientCertificate(`${user}@${CLIENT_DOMAINS.required}`);
    const c2s = (port: number, more: object): object => ({
      port,
      ip: "127.0.0.1",
      module: "ejabberd_c2s",
      max_stanza_size: 10_000_000,
      ...more,
    });
    const service = (port: number, more: object): object => ({
      port,
      ip: "127.0.0.1",
      module: "ejabberd_service",
      password: COMPONENT_SECRET,
      // As large as Prosody's own limit. Without a number there is none.
      max_stanza_size: 524_288,
      ...more,
    });
    const web = (port: number, more: object): object => ({
      port,
      ip: "127.0.0.1",
      module: "ejabberd_http",
      request_handlers: { "/ws": "ejabberd_http_ws", "/bosh": "mod_bosh" },
      ...more,
    });
    const modules = {
      mod_bosh: {},
      mod_disco: {},
      mod_legacy_auth: {},
      mod_ping: {},
      mod_roster: {},
    };
    const config = {
      loglevel: "info",
      hosts: [
        CLIENT_DOMAINS.required,
        CLIENT_DOMAINS.optional,
        CLIENT_DOMAINS.off,
        CLIENT_DOMAINS.anonymous,
      ],
      certfiles: [certificates.bundleFile],
      ca_file: certificates.caFile,
      c2s_cafile: certificates.caFile,
      auth_method: ["internal"],
      auth_password_format: "plain",
      host_config: {
        [CLIENT_DOMAINS.off]: { modules },
        [CLIENT_DOMAINS.anonymous]: { auth_method: ["anonymous"], anonymous_protocol: "sasl_anon" },
      },
      listen: [
        c2s(required, { starttls: true, starttls_required: true }),
        c2s(optional, { starttls: true }),
        c2s(off, {}),
        c2s(direct, { tls: true }),
        c2s(certificate, { starttls: true, starttls_required: true, tls_verify: true }),
        service(plain, {}),
        service(secure, { tls: true, certfile: certificates.bundleFile }),
        web(http, {}),
        web(https, { tls: true }),
      ],
      modules: { ...modules, mod_stream_mgmt: {}, mod_client_state: {} },
    };
    // JSON is YAML.
    workspace.write("ejabberd.yml", JSON.stringify(config, undefined, 2));
    workspace.write("inetrc", '{lookup, ["file", "native"]}.\n');
    const accounts = [CLIENT_DOMAINS.required, CLIENT_DOMAINS.optional, CLIENT_DOMAINS.off]
      .flatMap((domain) =>
        Object.entries(ACCOUNTS).map(([name, password]) => [name, domain, password]),
      )
      .map((facts) => `ejabberd_auth:try_register(${facts.map(erlang).join(", ")})`);
    const ready = `ok = file:write_file(${erlang(workspace.path("ready"))}, <<"ready">>)`;
    const launch = async (): Promise<void> => {
      workspace.forget("ready");
      workspace.start(
        "ejabberd",
        "erl",
        [
          ...["+S", "2", "-noshell", "-noinput"],
          ...["-mnesia", "dir", JSON.stringify(workspace.path("mnesia"))],
          ...["-s", "ejabberd", "-eval", `${[...accounts, ready].join(", ")}.`],
        ],
        {
          EJABBERD_CONFIG_PATH: workspace.path("ejabberd.yml"),
          EJABBERD_LOG_PATH: workspace.path("ejabberd.log"),
          ERL_LIBS: erlangLibraries(),
          ERL_INETRC: workspace.path("inetrc"),
          ERL_CRASH_DUMP: workspace.path("crash.dump"),
          HOME: workspace.folder,
        },
      );
      const logs = ["ejabberd.out", "ejabberd.log"];
      await workspace.until("accounts", () => workspace.read("ready") !== "", ...logs);
      for (const port of workspace.ports.free) {
        await workspace.until(`port ${port}`, () => accepts(port), ...logs);
      }
    };
    await launch();
    return {
      name: "ejabberd",
      ca: certificates.ca,
      clients: {
        required: { port: required, domain: CLIENT_DOMAINS.required },
        optional: { port: optional, domain: CLIENT_DOMAINS.optional },
        off: { port: off, domain: CLIENT_DOMAINS.off },
        direct: { port: direct, domain: CLIENT_DOMAINS.required },
      },
      anonymous: { port: required, domain: CLIENT_DOMAINS.anonymous },
      external: { port: certificate, domain: CLIENT_DOMAINS.required, user, ...external },
      webSockets: { ws: `ws://localhost:${http}/ws`, wss: `wss://localhost:${https}/ws` },
      bosh: {
        "http-bind": `http://localhost:${http}/bosh`,
        "https-bind": `https://${CLIENT_DOMAINS.required}:${https}/bosh`,
      },
      components: { off: plain, direct: secure },
      routers: {},
      settled: () => Promise.resolve(),
      // SIGTERM is a clean stop of the Erlang machine, and takes it about three seconds.
      stop: () => workspace.stop(15_000),
      kill: () => workspace.kill(),
      restart: launch,
      close: () => workspace.close(),
    };
  } catch (error) {
    await workspace.close();
    throw error;
  }
}

/** An Erlang binary with the text's UTF-8 bytes. */
const erlang = (text: string): string => `<<${[...new TextEncoder().encode(text)].join(",")}>>`;

/** Debian keeps ejabberd, and the libraries it brings, one level below `/usr/lib`, by architecture. */
function erlangLibraries(): string {
  const all = readdirSync("/usr/lib", { withFileTypes: true }).filter((entry) =>
    entry.isDirectory(),
  );
  for (const { name } of all) {
    const folder = `/usr/lib/${name}`;
    try {
      if (readdirSync(folder).some((entry) => /^ejabberd-[0-9]/.test(entry))) return folder;
    } catch {
      // Not ours to read, and not what is looked for.
    }
  }
  throw new Error("there is no folder ejabberd-VERSION below /usr/lib/*");
}
