import { text } from "../base/check.ts";
import { randomId } from "../base/crypto/crypto.ts";
import { flag, type Needs, needed, optional, settleOptions, type Takes } from "../base/option.ts";
import { carriedJid } from "../jid/carried.ts";
import type { Jid } from "../jid/jid.ts";
import { takesActivity } from "../negotiate/activity.ts";
import { authenticate, type Credentials } from "../negotiate/auth/sasl.ts";
import { bind } from "../negotiate/bind.ts";
import type { Management } from "../negotiate/login.ts";
import { featuresOf, limitsOf, open } from "../negotiate/open.ts";
import { startSession } from "../negotiate/start-session.ts";
import { openProtected } from "../negotiate/starttls.ts";
import { enable, offersManagement, resume } from "../negotiate/stream-management.ts";
import { passwordOption } from "../sasl/password.ts";
import { NS } from "../xml/namespaces.ts";
import { accountOption, addressOption, mechanismsOption } from "./checks.ts";
import type { Dialect } from "./dialect.ts";

/** The options of `xmpp`. */
export const XMPP_OPTIONS = {
  needs: {
    /**
     * The account, `user@domain` or `user@domain/resource`; without a resource the broker chooses a random one.
     * With ANONYMOUS or EXTERNAL the domain alone is enough: the server names the account. A part that RFC 7622
     * refuses is sent as spelt, if servers allow it (`x²@…`).
     */
    jid: needed<Jid, string>(addressOption),
  },
  takes: {
    /**
     * The password, or a function that returns it; the function is told `{ mechanism, domain, attempt }`. It must be
     * given, except where `mechanisms` names only ANONYMOUS and EXTERNAL. Default: none.
     */
    password: optional(passwordOption),
    /** The login name, where it is not the local part of `jid`. Default: the local part of `jid`. */
    username: optional(text),
    /**
     * The only SASL mechanisms to use. DIGEST-MD5, EXTERNAL and ANONYMOUS are used only if they are named here.
     * Default: SCRAM, or PLAIN inside TLS if the server offers no SCRAM.
     */
    mechanisms: optional(mechanismsOption),
    /**
     * The address to act as, where it is not the account that logs in; it must become the bound address. Some servers
     * (jabberd2) want the own address here with EXTERNAL. Default: none.
     */
    authzid: optional(authzidOption),
    /**
     * Accepts the address that the server binds, also where it is not that of the account: some servers map login
     * names to addresses. The server then decides who the program is. With `false` such an address ends in
     * `BIND_FAILED`. Default `false`.
     */
    acceptBound: flag(false),
  },
};

/** How to log in to an XMPP 1.0 server. */
export interface XmppOptions
  extends Needs<typeof XMPP_OPTIONS.needs>,
    Takes<typeof XMPP_OPTIONS.takes> {}

/** Mechanisms that need no password. */
const WITHOUT_PASSWORD: readonly string[] = ["ANONYMOUS", "EXTERNAL"];

/**
 * A client of an XMPP 1.0 server (RFC 6120): TLS, SASL, resource binding, and a session if the server insists on
 * one. The address in force is the bound one, which the server may spell in its own way (`gross@…` for `groß@…`).
 * Ends in `BAD_OPTION`; the login in the codes of TLS, SASL, bind and session.
 *
 * @example xmpp({ jid: "romeo@example.net/orchard", password: "…" })
 */
export function xmpp(options: XmppOptions): Dialect {
  const given = settleOptions("xmpp", XMPP_OPTIONS, options);
  const { password, mechanisms, authzid, acceptBound } = given;
  const isNameless = mechanisms?.every((name) => WITHOUT_PASSWORD.includes(name)) ?? false;
  const account = isNameless ? given.jid : accountOption("jid", options.jid);
  const { local, domain, resource } = account;
  if (!isNameless) passwordOption("password", password);
  const credentials: Credentials = {
    username: given.username ?? local ?? "",
    password,
    authzid,
    domain,
    digestUri: `xmpp/${domain}`,
    mechanisms,
  };
  const identity = authzid === undefined ? account : carriedJid(authzid);

  return Object.freeze<Dialect>({
    name: "xmpp",
    domain,
    account: identity.local === undefined ? undefined : `${identity.local}@${identity.domain}`,
    contentNamespace: NS.client,
    version: "1.0",
    ports: Object.freeze({ plain: 5222, direct: 5223 }),
    tls: "required",
    certificate: "domain",
    async negotiate(login) {
      const first = await featuresOf(login, await openProtected(login));
      const mechanism = await authenticate(login, first, credentials);
      const features = await featuresOf(login, await open(login));
      const { previous, settings } = login;
      const isManaged = settings.management !== "none" && offersManagement(features);
      const old = isManaged && previous !== undefined ? await resume(login, previous) : undefined;
      const facts = { ...limitsOf(features), takesActivity: takesActivity(features) };
      if (old?.resumed === true && previous !== undefined) {
        return { jid: previous.jid, resumed: true, management: old.management, ...facts };
      }
      const own =
        mechanism === "ANONYMOUS"
          ? { local: undefined, domain }
          : { local: identity.local, domain: identity.domain };
      const { memory } = login;
      if (resource === undefined) memory.resource ??= randomId(login.crypto);
      const wanted = { ...own, resource: resource ?? memory.resource, acceptBound };
      const { full } = await bind(login, features, wanted);
      await startSession(login, features);
      const asked = { resume: settings.management === "resume" };
      const enabled = isManaged ? await enable(login, asked) : undefined;
      return { jid: full, management: managementOf(enabled, old?.management.h), ...facts };
    },
  });
}

/** The facts of stream management, with the `h` of a session that could not be resumed. */
function managementOf(
  enabled: Management | undefined,
  h: number | undefined,
): Management | undefined {
  if (enabled === undefined) return h === undefined ? undefined : { enabled: false, h };
  return h === undefined ? enabled : { ...enabled, h };
}

/** The address in the caller's own spelling, which the server may compare by the byte. */
function authzidOption(name: string, value: unknown): string {
  addressOption(name, value);
  return text(name, value);
}
