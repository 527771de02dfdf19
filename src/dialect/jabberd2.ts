import { badOption, knownOptions, record, text } from "../base/check.ts";
import { featuresOf, open } from "../negotiate/open.ts";
import { bindName } from "../negotiate/router-bind.ts";
import { authenticate, type Credentials } from "../negotiate/sasl.ts";
import { openProtected } from "../negotiate/starttls.ts";
import { type Password, passwordOption } from "../sasl/password.ts";
import { NS } from "../xml/namespaces.ts";
import { domainOption, flagOption } from "./checks.ts";
import type { Dialect } from "./dialect.ts";
import { isStanza } from "./own-domain.ts";
import { unwrap, wrap } from "./route.ts";

/** How to log in to jabberd2's router. */
export interface Jabberd2Options {
  /** What the stream is addressed to; the router takes any name, its realm is `jabberd-router`. */
  readonly domain: string;
  /** The user of the router's own accounts; no address. */
  readonly username: string;
  /** The password, or a function that is asked for it at each login. */
  readonly password: Password;
  /** What of the traffic to get. */
  readonly bind?: {
    /** The names to be reached under, at most 100. Default: one, `username.domain`. */
    readonly names?: readonly string[];
    /** Get a copy of all traffic, as `<route type='log'/>`. Default `false`. */
    readonly log?: boolean;
    /** Get what is addressed to names nobody has bound. Default `false`. */
    readonly default?: boolean;
  };
  /**
   * Put stanzas into `<route/>` and take them out. Default `true`; with `false` the program does
   * that itself, and sees and sends the envelopes. (What is sent without one gets one all the same,
   * keep-alive's probes too: the router drops it in silence, and silence would be taken for death.)
   */
  readonly envelopes?: boolean;
}

/** How many names one stream may bind. */
const MOST_NAMES = 100;

/** The only one the router has is DIGEST-MD5; one that learns better is welcome. All are mutual. */
const MECHANISMS = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5"];

/**
 * A service on the router of jabberd2, in its own protocol: STARTTLS, SASL, names bound one by one,
 * traffic in `<route/>` envelopes, which are put on and taken off. Ends in `BAD_OPTION`; its login in
 * the codes of the TLS, SASL and router bind features; a stanza in `FOREIGN_FROM`, `MISSING_TO`,
 * `BAD_JID`, and in `NOT_ROUTED` when the router brings it back.
 *
 * @example jabberd2({ domain: "localhost", username: "jabberd", password: "…", bind: { names: ["echo.localhost"] } })
 */
export function jabberd2(options: Jabberd2Options): Dialect {
  record("jabberd2 options", options);
  knownOptions("jabberd2", options, ["domain", "username", "password", "bind", "envelopes"]);
  const domain = domainOption("domain", options.domain);
  const username = text("username", options.username);
  const credentials: Credentials = {
    username,
    password: passwordOption("password", options.password),
    authzid: undefined,
    domain,
    digestUri: `jabberd-router/${domain}`,
    mechanisms: MECHANISMS,
  };
  const { names, attached } = bindOptions(options.bind, `${username}.${domain}`);
  const envelopes = flagOption("envelopes", options.envelopes, true);

  return Object.freeze<Dialect>({
    name: "jabberd2",
    domain,
    contentNamespace: NS.jabberd2,
    version: "1.0",
    ports: Object.freeze({ plain: 5347 }),
    tls: "required",
    certificate: "host",
    async negotiate(login) {
      const first = featuresOf(await openProtected(login));
      await authenticate(login, first, credentials);
      await open(login);
      for (const name of names) {
        await bindName(login, name, name === names[0] ? attached : []);
      }
      return { jid: names[0] };
    },
    ...(envelopes
      ? { outbound: (stanza) => wrap(stanza, names), inbound: unwrap, returns: true }
      : { outbound: (stanza) => (isStanza(stanza) ? wrap(stanza, names) : stanza) }),
  });
}

/** The names, and what goes with the first: the router has one default route and one log sink a name. */
function bindOptions(
  bind: Jabberd2Options["bind"],
  fallback: string,
): { names: readonly [string, ...string[]]; attached: readonly ("log" | "default")[] } {
  const given = bind === undefined ? {} : (record("bind", bind) as NonNullable<typeof bind>);
  knownOptions("bind", given, ["names", "log", "default"]);
  return {
    names: namesOption(given.names, fallback),
    attached: (["log", "default"] as const).filter((option) =>
      flagOption(`bind.${option}`, given[option], false),
    ),
  };
}

function namesOption(value: unknown, fallback: string): readonly [string, ...string[]] {
  if (value === undefined) return [domainOption("bind.names", fallback)];
  if (!Array.isArray(value) || value.length > MOST_NAMES) {
    throw badOption("bind.names", `a list of 1 to ${MOST_NAMES} domains`, value);
  }
  const [first, ...others] = new Set(value.map((name) => domainOption("bind.names", name)));
  if (first === undefined)
    throw badOption("bind.names", `a list of 1 to ${MOST_NAMES} domains`, value);
  return [first, ...others];
}
