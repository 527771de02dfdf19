import { knownOptions, record, text } from "../base/check.ts";
import type { Jid } from "../jid/jid.ts";
import { bind } from "../negotiate/bind.ts";
import { featuresOf, open } from "../negotiate/open.ts";
import { authenticate, type Credentials } from "../negotiate/sasl.ts";
import { startSession } from "../negotiate/start-session.ts";
import { openProtected } from "../negotiate/starttls.ts";
import { type Password, passwordOption } from "../sasl/password.ts";
import { NS } from "../xml/namespaces.ts";
import { addressOption, mechanismsOption } from "./checks.ts";
import type { Dialect } from "./dialect.ts";

/** How to log in to an XMPP 1.0 server. */
export interface XmppOptions {
  /**
   * The account, `user@domain` or `user@domain/resource`; without a resource a random one is bound.
   * With ANONYMOUS or EXTERNAL the domain alone will do: the server says who we are.
   */
  readonly jid: string;
  /** The password, or a function that is asked for it at each login. Only ANONYMOUS and EXTERNAL do without. */
  readonly password?: Password;
  /**
   * The only SASL mechanisms to use. Default: SCRAM (SHA-512, SHA-256, SHA-1), or PLAIN inside TLS if
   * the server offers none of them. DIGEST-MD5, EXTERNAL and ANONYMOUS are used only if named here.
   */
  readonly mechanisms?: readonly string[];
  /**
   * The identity to act as, where it is not the one that logs in; the bound address must be it.
   * With EXTERNAL some servers (jabberd2) want one's own address here.
   */
  readonly authzid?: string;
}

/** Mechanisms that need no password. */
const WITHOUT_PASSWORD: readonly string[] = ["ANONYMOUS", "EXTERNAL"];

/**
 * XMPP 1.0 (RFC 6120): TLS, SASL, resource binding, and a session if the server insists on one.
 * Ends in `BAD_OPTION`; its login in the codes of the TLS, SASL, bind and session features.
 *
 * @example xmpp({ jid: "romeo@example.net/orchard", password: "…" })
 */
export function xmpp(options: XmppOptions): Dialect {
  record("xmpp options", options);
  knownOptions("xmpp", options, ["jid", "password", "mechanisms", "authzid"]);
  const mechanisms = mechanismsOption("mechanisms", options.mechanisms);
  const nameless = mechanisms?.every((name) => WITHOUT_PASSWORD.includes(name)) ?? false;
  const { local, domain, resource } = addressOption(
    "jid",
    options.jid,
    nameless ? "any" : "account",
  );
  const credentials: Credentials = {
    username: local ?? "",
    password:
      nameless && options.password === undefined
        ? undefined
        : passwordOption("password", options.password),
    authzid: options.authzid === undefined ? undefined : text("authzid", options.authzid),
    domain,
    digestUri: `xmpp/${domain}`,
    mechanisms,
  };
  const identity = actingAs(credentials.authzid) ?? { local, domain };

  return Object.freeze<Dialect>({
    name: "xmpp",
    domain,
    contentNamespace: NS.client,
    version: "1.0",
    ports: Object.freeze({ plain: 5222, direct: 5223 }),
    tls: "required",
    certificate: "domain",
    async negotiate(login) {
      const first = featuresOf(await openProtected(login));
      const mechanism = await authenticate(login, first, credentials);
      const features = featuresOf(await open(login));
      const own = mechanism === "ANONYMOUS" ? { local: undefined, domain } : identity;
      const { full } = await bind(login, features, { ...own, resource });
      await startSession(login, features);
      return { jid: full };
    },
  });
}

/** Whose address is to be bound, where an `authzid` says so. */
function actingAs(authzid: string | undefined): Pick<Jid, "local" | "domain"> | undefined {
  return authzid === undefined ? undefined : addressOption("authzid", authzid, "any");
}
