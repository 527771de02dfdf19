import { badOption, knownOptions, oneOf, record, text, wholeNumber } from "../../base/check.ts";
import {
  choice,
  flag,
  type Option,
  optional,
  type Settled,
  settleOptions,
  type Takes,
  whole,
} from "../../base/option.ts";
import { tryJid } from "../../jid/jid.ts";
import { type Certificate, makeCertificate } from "../certificate/certificate.ts";
import { ADDRESSES, type Addresses } from "./addresses.ts";
import { type Habits, type ManagementOptions, readManagement } from "./management/habits.ts";
import { type Rosters, readRosters } from "./routing/roster.ts";
import { type MechanismName, mechanismNames } from "./sasl/sasl.ts";

/** The mechanisms of every day. */
const EVERY_DAY = mechanismNames.filter((name) => name !== "ANONYMOUS");

/** The options of a `LoopbackServer`. A new one is one row here, and one in `docs/testing.md`. */
const LOOPBACK = {
  /** The domain that the server serves. Default `localhost`. */
  domain: { check: readDomain, fallback: "localhost" } as Option<string>,
  /** The accounts of clients: password by user name (the part before the `@`). Default: none. */
  users: secrets(),
  /** The components that may log in (XEP-0114): secret by domain. Default: none. */
  components: secrets(),
  /**
   * How the component port treats `version='1.0'`. With `xep-0114` there are no features, as on
   * Prosody and ejabberd. With `jabberd2` there are features and STARTTLS, and stanzas are delivered
   * in `jabber:client`. Default `xep-0114`.
   */
  componentPort: choice("xep-0114", ["xep-0114", "jabberd2"]),
  /**
   * The account of services on the jabberd2 router, and the names that they may bind (`names`; by
   * default any but the server's and the components'). Default: none.
   */
  router: optional<RouterAccount>(readRouter),
  /**
   * The rosters of users, for those who ask for theirs (RFC 6121, section 2): addresses, or items, by
   * user name. Nothing changes them. Default: there are no rosters.
   */
  rosters: optional<Readonly<Record<string, unknown>>, Rosters>(record),
  /**
   * The port for clients; direct TLS, components and the router have the next three, HTTP and HTTPS the two behind those.
   * Default: free ports.
   */
  port: whole(0, 0, 65_532),
  /** True: there are ports for HTTP and HTTPS, with WebSockets (RFC 7395) and host-meta (XEP-0156). Default `false`. */
  http: flag(false),
  /** STARTTLS is offered in clear, insisted on, or unknown. Default `optional`. */
  starttls: choice("optional", ["optional", "required", "none"]),
  /** The SASL mechanisms offered to clients, in that order, in clear too. Default: all but ANONYMOUS. */
  mechanisms: {
    check: (name, value) => list(name, value, (one) => oneOf(name, one, mechanismNames)),
    fallback: EVERY_DAY,
  } as Option<readonly MechanismName[]>,
  /** The session of RFC 3921: offered as optional, insisted on, or not offered. Default `optional`. */
  session: choice("optional", ["optional", "required", "none"]),
  /** A resource in use is refused to the newcomer, or taken from its holder. Default `refuse`. */
  conflict: choice("refuse", ["refuse", "replace"]),
  /**
   * How addresses are prepared: by RFC 7622 (`precis`), or as today's servers do it (`stringprep`), which
   * bind `groß@…` as `gross@…` and deliver with the result. Default `precis`.
   */
  addresses: choice("precis", ["precis", "stringprep"]),
  /**
   * The largest element that a client or a service of the router may send after the login, in bytes; the features
   * announce it (XEP-0478). Default: nothing is announced, and 1,048,576 are taken.
   */
  maxBytes: optional((name, value) => wholeNumber(name, value, 10_000, 1_048_576)),
  /**
   * Stream management (XEP-0198) on the ports for clients, with the habits of a server; `{}` is ejabberd's. Default:
   * there is none.
   */
  management: optional<Habits, ManagementOptions>(readManagement),
  /** A certificate to show, such as an expired one. Default: a new one for the domain and this machine. */
  certificate: optional<Certificate>(readCertificate),
};

/** The names of all options. */
export const loopbackOptionNames: readonly string[] = Object.keys(LOOPBACK);

/** How a `LoopbackServer` is made. A value that cannot be used ends in `BAD_OPTION`. */
export interface LoopbackOptions extends Takes<typeof LOOPBACK> {}

/** The account of services on the jabberd2 router. */
export interface RouterAccount {
  /** The user name. */
  readonly username: string;
  /** The password, in clear. */
  readonly password: string;
  /** The names that may be bound, none of them the server's domain. Default: any. */
  readonly names?: readonly string[] | undefined;
}

/** The options with their defaults, addresses in their prepared form. */
export interface Settings
  extends Omit<
    Settled<typeof LOOPBACK>,
    "users" | "components" | "rosters" | "addresses" | "certificate"
  > {
  readonly users: ReadonlyMap<string, string>;
  readonly components: ReadonlyMap<string, string>;
  readonly rosters: ReturnType<typeof readRosters> | undefined;
  readonly addresses: Addresses;
  readonly certificate: Certificate;
}

/** Reads the options once; nothing below sees an optional one. Ends in `BAD_OPTION`. */
export function settle(options: LoopbackOptions): Settings {
  const given = settleOptions("LoopbackServer", { needs: {}, takes: LOOPBACK }, options);
  const { domain, users, components, router, rosters } = given;
  const addresses = ADDRESSES[given.addresses];
  const user = (name: string): string => readUser(name, domain, addresses);
  const component = (name: string): string => readComponent(name, domain);
  const accounts = renamed(users, user);
  return Object.freeze({
    ...given,
    addresses,
    users: accounts,
    components: renamed(components, component),
    router:
      router?.names === undefined ? router : { ...router, names: router.names.map(component) },
    rosters: rosters === undefined ? undefined : readRosters(rosters, user, accounts),
    certificate:
      given.certificate ??
      makeCertificate({ names: [domain, `*.${domain}`, "localhost", "127.0.0.1", "::1"] }),
  });
}

function readDomain(option: string, value: unknown): string {
  const given = text(option, value);
  const address = tryJid(given);
  if (address === undefined || address.full !== address.domain) {
    throw badOption(option, "a domain", given);
  }
  return address.domain;
}

function readUser(name: string, domain: string, addresses: Addresses): string {
  const { local, resource } = addresses.read(`${name}@${domain}`) ?? {};
  if (local === undefined || resource !== undefined) {
    throw badOption("users", "an object of user names, without domain", name);
  }
  return local;
}

function readComponent(name: string, domain: string): string {
  const component = readDomain("components", name);
  if (component === domain) throw badOption("components", "domains other than `domain`", name);
  return component;
}

/** Its names are read once the domain is known. */
function readRouter(option: string, value: unknown): RouterAccount {
  const given = knownOptions(option, record(option, value), ["username", "password", "names"]);
  const account = {
    username: text(`${option}.username`, given.username),
    password: secret(`${option}.password`, given.password),
  };
  if (given.names === undefined) return account;
  return { ...account, names: list(`${option}.names`, given.names, String) };
}

function readCertificate(option: string, value: unknown): Certificate {
  const { cert, key, ca, pin } = record(option, value);
  return {
    cert: text(`${option}.cert`, cert),
    key: secret(`${option}.key`, key),
    ca: text(`${option}.ca`, ca),
    pin: text(`${option}.pin`, pin),
  };
}

type Secrets = Readonly<Record<string, string>>;

/** A row for secrets by name. The names are read once the domain is known. */
function secrets(): Option<Secrets> {
  const check = (option: string, value: unknown): Secrets =>
    Object.fromEntries(
      Object.entries(record(option, value)).map(([name, password]) => [
        name,
        secret(`${option}.${name}`, password),
      ]),
    );
  return { check, fallback: {} };
}

const renamed = (secrets: Secrets, read: (name: string) => string): ReadonlyMap<string, string> =>
  new Map(Object.entries(secrets).map(([name, password]) => [read(name), password]));

/** A text that is not empty, and that no error may show. */
function secret(option: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw badOption(option, "a text that is not empty", typeof value === "string" ? "" : value);
}

function list<Item>(option: string, value: unknown, read: (item: unknown) => Item): Item[] {
  if (!Array.isArray(value)) throw badOption(option, "a list", value);
  return value.map(read);
}
