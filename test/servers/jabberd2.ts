import { readdirSync } from "node:fs";
import { RawClient } from "../raw-client.ts";
import { type CertificateFiles, writeCertificates } from "./certificates.ts";
import {
  ACCOUNTS,
  CLIENT_DOMAINS,
  COMPONENT_SECRET,
  LIMITED_ROUTER_USER,
  type RealServer,
  ROUTER_USER,
} from "./server.ts";
import { accepts, Workspace } from "./workspace.ts";

/** The domains with accounts. */
const HOSTED = [CLIENT_DOMAINS.required, CLIENT_DOMAINS.optional, CLIENT_DOMAINS.off];

/**
 * Starts jabberd2: router, session manager (sm) and client server (c2s). TLS for clients is a matter
 * of its hosts; for components and for the router protocol of whether the router has a certificate:
 * `router: "off"` gives it none.
 *
 * Storage is Berkeley DB, which needs no tool beside the server; accounts are made by in-band
 * registration (XEP-0077), which also proves that the parts have found each other.
 */
export async function startJabberd2(options: { router?: "off" } = {}): Promise<RealServer> {
  const workspace = await Workspace.open("jabberd2", 3);
  try {
    const [router = 0, client = 0, direct = 0] = workspace.ports.free;
    const certificates = writeCertificates(workspace);
    const user = "alice";
    const external = certificates.clientCertificate(`${user}@${CLIENT_DOMAINS.required}`);
    const offersTls = options.router === undefined;
    // Two folders: sm and c2s start together, and would both make the environment of one database.
    for (const part of ["sm", "c2s"])
      workspace.write(`db/${part}/README`, `What ${part} stores.\n`);
    workspace.write("router-filter.xml", "<filter/>");
    workspace.write("router-users.xml", routerUsers());
    const parts = { workspace, certificates, router, offersTls };
    const config = {
      router: workspace.write("router.xml", routerConfig(parts)),
      sm: workspace.write("sm.xml", smConfig(parts)),
      c2s: workspace.write("c2s.xml", c2sConfig(parts, client, direct)),
    };
    const start = (part: keyof typeof config): void => {
      workspace.start(part, `jabberd2-${part}`, ["-c", config[part]]);
    };
    const logs = ["router.log", "sm.log", "c2s.log", "router.out", "sm.out", "c2s.out"];
    const launch = async (): Promise<void> => {
      // The logs tell who is online, and how many sessions are open, since this start.
      for (const part of Object.keys(config)) workspace.forget(`${part}.log`);
      start("router");
      await workspace.until("router", () => accepts(router), ...logs);
      start("sm");
      start("c2s");
      const routes = ["c2s", ...HOSTED];
      await workspace.until(
        "sm and c2s on the router",
        () => routes.every((name) => workspace.read("router.log").includes(`[${name}] online`)),
        ...logs,
      );
      for (const port of [client, direct]) {
        await workspace.until(`port ${port}`, () => accepts(port), ...logs);
      }
    };
    await launch();
    for (const domain of HOSTED) await register(domain, client, direct, certificates.ca);
    let watch = await Watch.logIn(client);

    const components = offersTls ? { optional: router } : { off: router };
    return {
      name: "jabberd2",
      ca: certificates.ca,
      clients: {
        required: { port: client, domain: CLIENT_DOMAINS.required },
        optional: { port: client, domain: CLIENT_DOMAINS.optional },
        off: { port: client, domain: CLIENT_DOMAINS.off },
        direct: { port: direct, domain: CLIENT_DOMAINS.required },
      },
      anonymous: { port: client, domain: CLIENT_DOMAINS.required },
      external: { port: client, domain: CLIENT_DOMAINS.required, user, ...external },
      // The ports for clients speak it too.
      webSockets: { ws: `ws://localhost:${client}/`, wss: `wss://localhost:${direct}/` },
      components,
      routers: components,
      async settled(left) {
        const ended = (): boolean => sessionsOpen(workspace.read("sm.log")) <= left + 1;
        await workspace.until("sessions ended", ended);
        await watch.roundTrip();
      },
      // c2s looks at its order to stop every five seconds only, and the router waits five for each
      // component: what has not ended by then is cut.
      stop: () => workspace.stop(6_000),
      kill: () => workspace.kill(),
      async restart() {
        watch[Symbol.dispose]();
        await launch();
        watch = await Watch.logIn(client);
      },
      async close() {
        watch[Symbol.dispose]();
        await workspace.close();
      },
    };
  } catch (error) {
    await workspace.close();
    throw error;
  }
}

interface Parts {
  readonly workspace: Workspace;
  readonly certificates: CertificateFiles;
  readonly router: number;
  readonly offersTls: boolean;
}

const log = (workspace: Workspace, part: string): string =>
  `<id>${part}</id><pidfile>${workspace.path(`${part}.pid`)}</pidfile>
  <log type='file'><file>${workspace.path(`${part}.log`)}</file></log>`;

function routerUsers(): string {
  const users = [ROUTER_USER, LIMITED_ROUTER_USER].map(
    ({ username, password }) =>
      `<user><name>${username}</name><secret>${escaped(password)}</secret></user>`,
  );
  return `<users>${users.join("")}</users>`;
}

function routerConfig({ workspace, certificates, router, offersTls }: Parts): string {
  return `<router>
  ${log(workspace, "router")}
  <local>
    <ip>127.0.0.1</ip><port>${router}</port>
    <users>${workspace.path("router-users.xml")}</users>
    <secret>${escaped(COMPONENT_SECRET)}</secret>
    ${offersTls ? `<pemfile>${certificates.bundleFile}</pemfile>` : ""}
  </local>
  <io><max_fds>1024</max_fds></io>
  <aci><acl type='all'><user>${ROUTER_USER.username}</user></acl><filter>${workspace.path("router-filter.xml")}</filter></aci>
</router>`;
}

/** How sm and c2s reach the router. */
const toRouter = ({ certificates, router, offersTls }: Parts): string =>
  `<router>
    <ip>127.0.0.1</ip><port>${router}</port>
    <user>${ROUTER_USER.username}</user><pass>${escaped(ROUTER_USER.password)}</pass>
    ${offersTls ? `<pemfile>${certificates.bundleFile}</pemfile>` : ""}
    <retry><init>20</init><lost>3</lost><sleep>1</sleep></retry>
  </router>`;

function smConfig(parts: Parts): string {
  const { workspace } = parts;
  return `<sm>
  ${log(workspace, "sm")}
  ${toRouter(parts)}
  <local>${HOSTED.map((domain) => `<id>${domain}</id>`).join("")}</local>
  <storage>
    <path>${libraries()}</path><driver>db</driver>
    <db><path>${workspace.path("db/sm")}</path></db>
  </storage>
  <modules>
    <path>${libraries()}</path>
    ${Object.entries(CHAINS).map(chain).join("\n    ")}
  </modules>
  <discovery><identity><category>server</category><type>im</type><name>test</name></identity></discovery>
  <user><auto-create/></user>
</sm>`;
}

/** The modules of sm for each kind of stanza, in order: presence, roster, routing, ping and disco are enough. */
const CHAINS = {
  "in-sess": ["validate", "roster", "iq-ping", "disco", "presence", "deliver"],
  "in-router": ["session", "validate", "presence"],
  "pkt-sm": ["iq-ping", "disco", "presence"],
  "pkt-user": ["roster", "presence", "disco", "deliver"],
  "pkt-router": ["session", "disco"],
  "user-load": ["active", "roster"],
  "user-create": ["active"],
  "user-delete": ["active", "roster"],
} as const;

const chain = ([name, modules]: [string, readonly string[]]): string =>
  `<chain id='${name}'>${modules.map((module) => `<module>${module}</module>`).join("")}</chain>`;

function c2sConfig(parts: Parts, client: number, direct: number): string {
  const { workspace, certificates } = parts;
  const pem = `pemfile='${certificates.bundleFile}' cachain='${certificates.caFile}'`;
  const host = (domain: string, attributes: string): string =>
    `<id realm='${domain}' register-enable='true' ${attributes}>${domain}</id>`;
  return `<c2s>
  ${log(workspace, "c2s")}
  ${toRouter(parts)}
  <local>
    ${host(CLIENT_DOMAINS.required, `${pem} verify-mode='1' require-starttls='true'`)}
    ${host(CLIENT_DOMAINS.optional, pem)}
    ${host(CLIENT_DOMAINS.off, "")}
    <ip>127.0.0.1</ip><port>${client}</port><ssl-port>${direct}</ssl-port>
    <pemfile>${certificates.bundleFile}</pemfile><cachain>${certificates.caFile}</cachain>
  </local>
  <io><max_fds>1024</max_fds><limits><stanzasize>1000000</stanzasize></limits><websocket/></io>
  <authreg>
    <path>${libraries()}</path><module>db</module>
    <mechanisms>
      <traditional><plain/><digest/></traditional>
      <sasl><plain/><digest-md5/><scram-sha-1/><scram-sha-256/></sasl>
    </mechanisms>
    <ssl-mechanisms>
      <traditional><plain/><digest/></traditional>
      <sasl><plain/><digest-md5/><scram-sha-1/><scram-sha-256/><anonymous/><external/></sasl>
    </ssl-mechanisms>
    <db><path>${workspace.path("db/c2s")}</path></db>
  </authreg>
</c2s>`;
}

/** Makes the accounts of a domain, in clear or, where TLS is required, through the TLS port. */
async function register(domain: string, client: number, direct: number, ca: string): Promise<void> {
  const secure = domain === CLIENT_DOMAINS.required;
  for (const [name, password] of Object.entries(ACCOUNTS)) {
    using maker = secure
      ? await RawClient.connect(direct, { ca, servername: domain })
      : await RawClient.connect(client);
    maker.open(domain);
    await maker.hears("</stream:features>");
    maker.say(
      `<iq type='set' id='make'><query xmlns='jabber:iq:register'><username>${name}</username><password>${escaped(password)}</password></query></iq>`,
    );
    const answer = await maker.hears(/<iq [^>]*id='make'[^>]*>/);
    if (!answer.includes("type='result'")) throw new Error(`no account on ${domain}: ${answer}`);
    maker.say("</stream:stream>");
    await maker.hears("</stream:stream>");
  }
}

/**
 * A client of the harness's own, always logged in.
 *
 * c2s names its sessions by the number of their socket. While sm's last word about a session that
 * has ended is on its way (sm has logged the end by then), a new connection may get the same number,
 * and then that word: `internal-server-error`. The answers of sm to this client travel the same way, in
 * order: once the answer is here, c2s has read all that sm said before.
 */
class Watch implements Disposable {
  readonly #client: RawClient;
  #count = 0;

  static async logIn(port: number): Promise<Watch> {
    const client = await RawClient.connect(port);
    const domain = CLIENT_DOMAINS.off;
    client.open(domain);
    await client.hears("</stream:features>");
    const plain = Buffer.from(`\0bob\0${ACCOUNTS.bob}`).toString("base64");
    client.say(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`);
    await client.hears("<success");
    client.open(domain);
    await client.hears("</stream:features>");
    client.say("<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>");
    await client.hears("<jid>");
    return new Watch(client);
  }

  private constructor(client: RawClient) {
    this.#client = client;
  }

  async roundTrip(): Promise<void> {
    const id = `watch-${++this.#count}`;
    const to = CLIENT_DOMAINS.off;
    this.#client.say(`<iq type='get' to='${to}' id='${id}'><ping xmlns='urn:xmpp:ping'/></iq>`);
    await this.#client.hears(`id='${id}'`);
  }

  [Symbol.dispose](): void {
    this.#client[Symbol.dispose]();
  }
}

/** How many client sessions sm has begun and not ended. */
function sessionsOpen(log: string): number {
  const count = (what: string): number => log.split(what).length - 1;
  return count("session started: ") - count("session ended: ");
}

/** Debian keeps the modules of jabberd2 one level below `/usr/lib`, by architecture. */
function libraries(): string {
  for (const name of readdirSync("/usr/lib")) {
    const folder = `/usr/lib/${name}/jabberd2`;
    try {
      if (readdirSync(folder).includes("authreg_db.so")) return folder;
    } catch {
      // No such folder here.
    }
  }
  return "/usr/lib/jabberd2";
}

/** Text as it may stand in XML, in content and in an attribute. */
const escaped = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("'", "&apos;")
    .replaceAll('"', "&quot;");
