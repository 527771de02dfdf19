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
  /** The name that the stream is addressed to. The router accepts any; its realm is `jabberd-router`. */
  readonly domain: string;
  /** The user among the router's own accounts. It is no address. */
  readonly username: string;
  /** The password, or a function that is asked for it at each login. */
  readonly password: Password;
  /** The traffic to receive. */
  readonly bind?:
    | {
        /** The names to be reached under, at most 100. Default: one, `username.domain`. */
        readonly names?: readonly string[] | undefined;
        /** Receive a copy of all traffic, as `<route type='log'/>`. Default `false`. */
        readonly log?: boolean | undefined;
        /** Receive the stanzas for names that are not bound. Default `false`. */
        readonly default?: boolean | undefined;
      }
    | undefined;
  /**
   * Put stanzas into `<route/>` and take them out. Default `true`. With `false` the program sees and
   * sends the envelopes itself. A stanza that it sends without one gets one all the same, as keep-alive's
   * probes do: the router drops a bare stanza in silence, which would look like a dead connection.
   */
  readonly envelopes?: boolean | undefined;
  /**
   * The router's names for the parts of the server that send stanzas for others. A stanza in an envelope
   * from any other name must be from that name's own domain, or it is dropped (`MISADDRESSED`). Change
   * the list only where the server's parts have other ids. Default `["sm", "s2s", "c2s"]`.
   */
  readonly relays?: readonly string[] | undefined;
}

const KNOWN = ["domain", "username", "password", "bind", "envelopes", "relays"];

/** How many names one stream may bind. */
const MOST_NAMES = 100;

/** The ids that jabberd2's session manager, server-to-server part and client part have by default. */
const RELAYS = ["sm", "s2s", "c2s"];

/** The router of today has DIGEST-MD5 alone. All of these are mutual. */
const MECHANISMS = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5"];

/**
 * A service on the router of jabberd2, in its own protocol: STARTTLS, SASL, names bound one by one.
 * Traffic travels in `<route/>` envelopes, which are put on and taken off. Throws `BAD_OPTION`. Its
 * login ends in the codes of the TLS, SASL and router bind features, a stanza in `FOREIGN_FROM`,
 * `MISSING_TO` or `BAD_JID`, and in `NOT_ROUTED` when the router brings it back.
 *
 * @example jabberd2({ domain: "localhost", username: "jabberd", password: "…", bind: { names: ["echo.localhost"] } })
 */
export function jabberd2(options: Jabberd2Options): Dialect {
  record("jabberd2 options", options);
  knownOptions("jabberd2", options, KNOWN);
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
  const relays = namesOption("relays", options.relays ?? RELAYS);

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
      ? {
          outbound: (stanza) => wrap(stanza, names),
          inbound: (element) => unwrap(element, relays),
          returns: true,
        }
      : { outbound: (stanza) => (isStanza(stanza) ? wrap(stanza, names) : stanza) }),
  });
}

/** The names, and the options that go with the first: the router keeps one default route and one log sink a name. */
function bindOptions(
  bind: Jabberd2Options["bind"],
  fallback: string,
): { names: readonly [string, ...string[]]; attached: readonly ("log" | "default")[] } {
  const given = bind === undefined ? {} : (record("bind", bind) as NonNullable<typeof bind>);
  knownOptions("bind", given, ["names", "log", "default"]);
  return {
    names: namesOption("bind.names", given.names ?? [fallback]),
    attached: (["log", "default"] as const).filter((option) =>
      flagOption(`bind.${option}`, given[option], false),
    ),
  };
}

function namesOption(option: string, value: unknown): readonly [string, ...string[]] {
  const wanted = `a list of 1 to ${MOST_NAMES} domains`;
  if (!Array.isArray(value) || value.length > MOST_NAMES) throw badOption(option, wanted, value);
  const [first, ...others] = new Set(value.map((name) => domainOption(option, name)));
  if (first === undefined) throw badOption(option, wanted, value);
  return [first, ...others];
}
