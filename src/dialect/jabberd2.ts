import { badOption, text } from "../base/check.ts";
import {
  flag,
  group,
  type Needs,
  needed,
  type Option,
  optional,
  type Settled,
  settleOptions,
  type Takes,
} from "../base/option.ts";
import { authenticate, type Credentials } from "../negotiate/auth/sasl.ts";
import { featuresOf, limitsOf, open } from "../negotiate/open.ts";
import { bindName } from "../negotiate/router-bind.ts";
import { openProtected } from "../negotiate/starttls.ts";
import { passwordOption } from "../sasl/password.ts";
import { isStanza } from "../stream/stanza.ts";
import { NS } from "../xml/namespaces.ts";
import { domainOption } from "./checks.ts";
import type { Dialect } from "./dialect.ts";
import { unwrap, wrap } from "./route.ts";

/** How many names one stream may bind. */
const MOST_NAMES = 100;

const BIND = {
  /** The names to be reached under, at most 100. Default: one, `username.domain`. */
  names: optional<readonly [string, ...string[]], readonly string[]>(namesOption),
  /** Asks for a copy of all traffic, as `<route type='log'/>`. Default `false`. */
  log: flag(false),
  /** Asks for the stanzas to names that no service has bound. Default `false`. */
  default: flag(false),
};

/** The names of a service on the router, and the traffic beside that to its names. */
export interface BindOptions extends Takes<typeof BIND> {}

/** The ids that jabberd2's session manager, its server-to-server part and its client part have by default. */
const RELAYS: readonly string[] = ["sm", "s2s", "c2s"];

const relaysRow: Option<readonly string[]> = { check: namesOption, fallback: RELAYS };

/** The options of `jabberd2`. */
export const JABBERD2_OPTIONS = {
  needs: {
    /** The domain that the stream is addressed to; the router takes any. */
    domain: needed(domainOption),
    /** The user among the router's own accounts; it is no address. */
    username: needed(text),
    /** The password, or a function that returns it; the function is told `{ mechanism, domain, attempt }`. */
    password: needed(passwordOption),
  },
  takes: {
    /** The names of the service, and further traffic. */
    bind: group<BindOptions, Settled<typeof BIND>>(BIND),
    /**
     * Puts stanzas into `<route/>` and takes them out. With `false` the program sees and sends the envelopes itself;
     * a stanza sent without one gets one all the same, since the router drops it in silence. Default `true`.
     */
    envelopes: flag(true),
    /**
     * The router's names for the parts of the server that send stanzas for others. A stanza in an envelope from any
     * other name must be from that name's own domain, or it is dropped (`MISADDRESSED`). Change the list only where
     * the parts of your jabberd2 have other ids. Default `["sm", "s2s", "c2s"]`.
     */
    relays: relaysRow,
  },
};

/** How to log in to jabberd2's router. */
export interface Jabberd2Options
  extends Needs<typeof JABBERD2_OPTIONS.needs>,
    Takes<typeof JABBERD2_OPTIONS.takes> {}

/** The mechanisms to use, all mutual. Today's router has DIGEST-MD5 only. */
const MECHANISMS = ["SCRAM-SHA-512", "SCRAM-SHA-256", "SCRAM-SHA-1", "DIGEST-MD5"];

/**
 * A service on the router of jabberd2, in the router's own protocol: STARTTLS, SASL, and names that are bound one by
 * one. The broker puts `<route/>` envelopes on and takes them off. Ends in `BAD_OPTION`; the login in the codes of
 * TLS, SASL and bind; a stanza in `FOREIGN_FROM`, `MISSING_TO`, `BAD_JID`, and in `NOT_ROUTED` when the router
 * returns it.
 *
 * @example jabberd2({ domain: "localhost", username: "jabberd", password: "…", bind: { names: ["echo.localhost"] } })
 */
export function jabberd2(options: Jabberd2Options): Dialect {
  const { domain, username, password, bind, envelopes, relays } = settleOptions(
    "jabberd2",
    JABBERD2_OPTIONS,
    options,
  );
  const credentials: Credentials = {
    username,
    password,
    authzid: undefined,
    domain,
    digestUri: `jabberd-router/${domain}`,
    mechanisms: MECHANISMS,
  };
  const names = bind.names ?? [domainOption("bind.names", `${username}.${domain}`)];
  // The router has one default route and one log sink a name: the first name gets both.
  const attached = (["log", "default"] as const).filter((option) => bind[option]);

  return Object.freeze<Dialect>({
    name: "jabberd2",
    domain,
    contentNamespace: NS.jabberd2,
    version: "1.0",
    ports: Object.freeze({ plain: 5347 }),
    tls: "required",
    certificate: "host",
    // It proves only the router's hop: 557 of 670 stanzas were lost when the rest was killed.
    echo: false,
    async negotiate(login) {
      const first = await featuresOf(login, await openProtected(login));
      await authenticate(login, first, credentials);
      const { features } = await open(login);
      for (const name of names) {
        await bindName(login, name, name === names[0] ? attached : []);
      }
      return { jid: names[0], ...limitsOf(features) };
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

function namesOption(option: string, value: unknown): readonly [string, ...string[]] {
  const wanted = `a list of 1 to ${MOST_NAMES} domains`;
  if (!Array.isArray(value) || value.length > MOST_NAMES) throw badOption(option, wanted, value);
  const [first, ...others] = new Set(value.map((name) => domainOption(option, name)));
  if (first === undefined) throw badOption(option, wanted, value);
  return [first, ...others];
}
