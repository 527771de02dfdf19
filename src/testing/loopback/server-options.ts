import { badOption, knownOptions, oneOf, record, text, wholeNumber } from "../../base/check.ts";
import { tryJid } from "../../jid/jid.ts";
import { type Certificate, makeCertificate } from "../certificate/certificate.ts";
import { ADDRESSES, type Addresses } from "./addresses.ts";
import { type MechanismName, mechanismNames } from "./sasl/sasl.ts";

/** How a `LoopbackServer` is made. Everything has a default; a value that cannot be used ends in `BAD_OPTION`. */
export interface LoopbackOptions {
  /** The domain it serves. Default `localhost`. */
  readonly domain?: string | undefined;
  /** Who may log in as a client: password by user name (the part before the `@`). Default: nobody. */
  readonly users?: Readonly<Record<string, string>> | undefined;
  /** The components it knows (XEP-0114): secret by domain. Default: none. */
  readonly components?: Readonly<Record<string, string>> | undefined;
  /**
   * Who may log in to the jabberd2 router, and which names may be bound (`names`; by default any
   * that is neither the server's nor a component's). Default: nobody.
   */
  readonly router?: RouterAccount | undefined;
  /**
   * The port for clients; direct TLS, components and the router have the next three. Default: free
   * ports, whatever they are.
   */
  readonly port?: number | undefined;
  /** Whether STARTTLS is offered in clear, insisted on, or unknown. Default `optional`. */
  readonly starttls?: "optional" | "required" | "none" | undefined;
  /** The SASL mechanisms offered to clients, in that order, in clear too. Default: all but ANONYMOUS. */
  readonly mechanisms?: readonly MechanismName[] | undefined;
  /** The session of RFC 3921: offered as optional, insisted on, or not offered. Default `optional`. */
  readonly session?: "optional" | "required" | "none" | undefined;
  /** A resource in use is refused to the newcomer, or taken from its holder. Default `refuse`. */
  readonly conflict?: "refuse" | "replace" | undefined;
  /**
   * How addresses are prepared: by RFC 7622 (`precis`), or as today's servers do it (`stringprep`), which
   * bind `groß@…` as `gross@…` and deliver with the result. Default `precis`.
   */
  readonly addresses?: "precis" | "stringprep" | undefined;
  /** A certificate to show instead of a new one, such as an expired one. */
  readonly certificate?: Certificate | undefined;
}

/** Who may log in to the jabberd2 router. */
export interface RouterAccount {
  /** Who logs in. */
  readonly username: string;
  /** The password, in clear. */
  readonly password: string;
  /** The names that may be bound, none of them the server's domain. Default: any. */
  readonly names?: readonly string[] | undefined;
}

/** The options with their defaults, addresses in their prepared form. */
export interface Settings {
  readonly domain: string;
  readonly users: ReadonlyMap<string, string>;
  readonly components: ReadonlyMap<string, string>;
  readonly router: RouterAccount | undefined;
  /** The first of four ports; 0: free ones. */
  readonly port: number;
  readonly starttls: "optional" | "required" | "none";
  readonly mechanisms: readonly MechanismName[];
  readonly session: "optional" | "required" | "none";
  readonly conflict: "refuse" | "replace";
  readonly addresses: Addresses;
  readonly certificate: Certificate;
}

/** The names of all options. */
export const KNOWN = [
  "domain",
  "users",
  "components",
  "router",
  "port",
  "starttls",
  "mechanisms",
  "session",
  "conflict",
  "addresses",
  "certificate",
] as const satisfies readonly (keyof LoopbackOptions)[];

const EVERY_DAY = mechanismNames.filter((name) => name !== "ANONYMOUS");

/** Reads the options once; nothing below sees an optional one. Ends in `BAD_OPTION`. */
export function settle(options: LoopbackOptions): Settings {
  knownOptions("LoopbackServer", record("options", options), KNOWN);
  const domain = readDomain("domain", options.domain ?? "localhost");
  const addresses =
    ADDRESSES[oneOf("addresses", options.addresses ?? "precis", ["precis", "stringprep"])];
  return Object.freeze({
    domain,
    users: secrets("users", options.users, (name) => readUser(name, domain, addresses)),
    components: secrets("components", options.components, (name) => readComponent(name, domain)),
    router: readRouter(options.router, domain),
    port: wholeNumber("port", options.port ?? 0, 0, 65_532),
    starttls: oneOf("starttls", options.starttls ?? "optional", ["optional", "required", "none"]),
    mechanisms: list("mechanisms", options.mechanisms ?? EVERY_DAY, (name) =>
      oneOf("mechanisms", name, mechanismNames),
    ),
    session: oneOf("session", options.session ?? "optional", ["optional", "required", "none"]),
    conflict: oneOf("conflict", options.conflict ?? "refuse", ["refuse", "replace"]),
    addresses,
    certificate: readCertificate(options.certificate, domain),
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

function readRouter(value: unknown, domain: string): RouterAccount | undefined {
  if (value === undefined) return undefined;
  const given = record("router", value);
  knownOptions("router", given, ["username", "password", "names"]);
  const account = {
    username: text("router.username", given.username),
    password: secret("router.password", given.password),
  };
  if (given.names === undefined) return account;
  const names = list("router.names", given.names, (name) => readComponent(String(name), domain));
  return { ...account, names };
}

function readCertificate(value: unknown, domain: string): Certificate {
  if (value === undefined) {
    return makeCertificate({ names: [domain, `*.${domain}`, "localhost", "127.0.0.1", "::1"] });
  }
  const { cert, key, ca, pin } = record("certificate", value);
  return {
    cert: text("certificate.cert", cert),
    key: secret("certificate.key", key),
    ca: text("certificate.ca", ca),
    pin: text("certificate.pin", pin),
  };
}

function secrets(
  option: string,
  value: unknown,
  readName: (name: string) => string,
): ReadonlyMap<string, string> {
  return new Map(
    Object.entries(record(option, value ?? {})).map(([name, password]) => [
      readName(name),
      secret(`${option}.${name}`, password),
    ]),
  );
}

/** A text that is not empty, and that no error may show. */
function secret(option: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw badOption(option, "a text that is not empty", typeof value === "string" ? "" : value);
}

function list<Item>(option: string, value: unknown, read: (item: unknown) => Item): Item[] {
  if (!Array.isArray(value)) throw badOption(option, "a list", value);
  return value.map(read);
}
