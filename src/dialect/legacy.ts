import { text } from "../base/check.ts";
import { randomId } from "../base/crypto/crypto.ts";
import { flag, type Needs, needed, optional, settleOptions, type Takes } from "../base/option.ts";
import { carriedJid } from "../jid/carried.ts";
import type { Jid } from "../jid/jid.ts";
import { iqAuth } from "../negotiate/auth/iq-auth.ts";
import { passwordOption } from "../sasl/password.ts";
import { NS } from "../xml/namespaces.ts";
import { accountOption } from "./checks.ts";
import type { Dialect } from "./dialect.ts";
import { openOldStream } from "./old-stream.ts";

/** The options of `legacy`. */
export const LEGACY_OPTIONS = {
  needs: {
    /**
     * The account, `user@domain` or `user@domain/resource`; without a resource the broker chooses a random one. A part
     * that RFC 7622 refuses is sent as spelt, if servers allow it (`x²@…`).
     */
    jid: needed<Jid, string>(accountOption),
    /** The password, or a function that returns it; the function is told `{ mechanism, domain, attempt }`. */
    password: needed(passwordOption),
  },
  takes: {
    /** The login name, where it is not the local part of `jid`. Default: the local part of `jid`. */
    username: optional(text),
    /**
     * Sends the password itself and no digest, where the server accepts it. It leaves only inside TLS, or in clear
     * where the TLS policy is `plaintext`. Default `false`.
     */
    plaintext: flag(false),
  },
};

/** How to log in to a server from before XMPP 1.0. */
export interface LegacyOptions
  extends Needs<typeof LEGACY_OPTIONS.needs>,
    Takes<typeof LEGACY_OPTIONS.takes> {}

/**
 * A client of a Jabber server from before XMPP 1.0: jabber:iq:auth (XEP-0078) on a stream without version. Where
 * the policy wants STARTTLS the header has `version='1.0'`, since servers offer it to no other. Ends in
 * `BAD_OPTION`; the login in the codes of TLS and of iq:auth.
 *
 * @example legacy({ jid: "romeo@example.net/orchard", password: "…" })
 */
export function legacy(options: LegacyOptions): Dialect {
  const given = settleOptions("legacy", LEGACY_OPTIONS, options);
  const { password, plaintext } = given;
  const { bare, local = "", domain, resource } = given.jid;
  const username = given.username ?? local;

  return Object.freeze<Dialect>({
    name: "legacy",
    domain,
    account: bare,
    contentNamespace: NS.client,
    version: undefined,
    ports: Object.freeze({ plain: 5222, direct: 5223 }),
    tls: "by-host",
    certificate: "domain",
    async negotiate(login) {
      const header = await openOldStream(login);
      const own = resource ?? randomId(login.crypto);
      const credentials = { username, domain, resource: own, password, plaintext };
      await iqAuth(login, header, credentials);
      return { jid: carriedJid(`${bare}/${own}`).full };
    },
  });
}
