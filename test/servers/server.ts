/** How a server treats TLS at one of its doors. */
export type TlsMode = "required" | "optional" | "off" | "direct";

/** The domains of every server. Each has the same accounts, with its own rules for TLS and login. */
export const CLIENT_DOMAINS = {
  required: "required.test",
  optional: "optional.test",
  off: "off.test",
  anonymous: "anonymous.test",
  certificate: "certificate.test",
} as const;

/** The names for components on every server. Prosody needs them in its configuration. */
export const SERVICE_DOMAINS = [
  "one.service.test",
  "two.service.test",
  "three.service.test",
  "four.service.test",
  "five.service.test",
  "six.service.test",
] as const;
/** The name on Prosody where a second component replaces the first. */
export const KICK_OLD_DOMAIN = "newest.service.test";

/** The accounts of every domain with passwords. Each format escapes their characters in another way. */
export const ACCOUNTS = {
  alice: "alice's <pass> & word",
  bob: 'bob"s \\pass\\ word',
  жанна: "пароль Жанны",
  /** The accounts that servers make of `groß` and `ﬁn`. */
  gross: "Groß's password",
  fin: "ﬁn's password",
} as const;

/** The secret of all components. XEP-0114 hashes its UTF-8 bytes, so half of it is not ASCII. */
export const COMPONENT_SECRET = "component & шлюз";

/** A user of the jabberd2 router who may bind any name. */
export const ROUTER_USER = { username: "jabberd", password: "router <secret>" } as const;
/** A user of the jabberd2 router who may bind only the name `limited`. */
export const LIMITED_ROUTER_USER = { username: "limited", password: "limited secret" } as const;

export const SERVER_NAMES = ["prosody", "ejabberd", "jabberd2"] as const;
export type ServerName = (typeof SERVER_NAMES)[number];

/** A place to connect to. */
export interface Door {
  readonly port: number;
  /** The domain of a client's address there. */
  readonly domain: string;
}

/** A server that runs, ready to be connected to at 127.0.0.1. */
export interface Server {
  /** `loopback`: the package's own. */
  readonly name: ServerName | "loopback";
  /** The authority (PEM) that signed its certificate. */
  readonly ca: string;
  /** The doors for clients, by how they treat TLS. */
  readonly clients: Readonly<Record<TlsMode, Door>>;
  /** The addresses of its WebSockets: in clear for the domain without TLS, under TLS for that which requires it. */
  readonly webSockets: Readonly<Record<"ws" | "wss", string>>;
  /** The addresses of BOSH, in clear and under TLS, where the server has it. */
  readonly bosh?: Readonly<Record<"http-bind" | "https-bind", string>>;
  /** The ports for XEP-0114 components, by how they treat TLS. */
  readonly components: Readonly<Partial<Record<TlsMode, number>>>;
  /** The ports for the router protocol of jabberd2, by how they treat TLS. */
  readonly routers: Readonly<Partial<Record<TlsMode, number>>>;
  /** Waits until the server has noticed the end of all clients except so many. */
  settled(left: number): Promise<void>;
  /** Stops it as an administrator would. Cuts connections that do not end by themselves. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Ends it if it still runs, and leaves nothing behind. */
  close(): Promise<void>;
}

/** A real server, with two more ways to log in. It can be started again. */
export interface RealServer extends Server {
  readonly name: ServerName;
  /** The door for `ANONYMOUS`, after STARTTLS. */
  readonly anonymous: Door;
  /** The door for client certificates, after STARTTLS. */
  readonly external: Door & { readonly cert: string; readonly key: string; readonly user: string };
  /** Starts it again after `stop` or `kill`, on the same ports and with the same data. */
  restart(): Promise<void>;
}
