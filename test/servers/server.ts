/** How a server treats TLS at one of its doors. */
export type TlsMode = "required" | "optional" | "off" | "direct";

/** The domains every server hosts: accounts are the same on each, TLS and login differ. */
export const CLIENT_DOMAINS = {
  required: "required.test",
  optional: "optional.test",
  off: "off.test",
  anonymous: "anonymous.test",
  certificate: "certificate.test",
} as const;

/** The names components may take, on every server; Prosody must know them beforehand. */
export const SERVICE_DOMAINS = [
  "one.service.test",
  "two.service.test",
  "three.service.test",
  "four.service.test",
  "five.service.test",
  "six.service.test",
] as const;
/** On Prosody: the name where a second component replaces the first. */
export const KICK_OLD_DOMAIN = "newest.service.test";

/** Accounts on every domain with passwords. Characters that every format escapes its own way. */
export const ACCOUNTS = {
  alice: "alice's <pass> & word",
  bob: 'bob"s \\pass\\ word',
  жанна: "пароль Жанны",
} as const;

/** The secret of all components, the second half of it not ASCII (XEP-0114 hashes its UTF-8 bytes). */
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
  /** Where clients connect, by what TLS is there. */
  readonly clients: Readonly<Record<TlsMode, Door>>;
  /** Ports for XEP-0114 components, by what TLS is there. */
  readonly components: Readonly<Partial<Record<TlsMode, number>>>;
  /** Ports for the router protocol of jabberd2, by what TLS is there. */
  readonly routers: Readonly<Partial<Record<TlsMode, number>>>;
  /** Waits until the server has noticed that all clients but so many are gone. */
  settled(left: number): Promise<void>;
  /** Stops it as an administrator would; connections that do not end by themselves are cut. */
  stop(): Promise<void>;
  /** Ends it at once, as a crash would. */
  kill(): Promise<void>;
  /** Ends it if it still runs, and leaves nothing behind. */
  close(): Promise<void>;
}

/** A real server, with the ways to log in that only such have. */
export interface RealServer extends Server {
  readonly name: ServerName;
  /** Where `ANONYMOUS` is the way in, after STARTTLS. */
  readonly anonymous: Door;
  /** Where a client certificate is the way in, after STARTTLS. */
  readonly external: Door & { readonly cert: string; readonly key: string; readonly user: string };
}
