import { knownOptions, record } from "../base/check.ts";
import { randomId } from "../base/crypto.ts";
import { jid } from "../jid/jid.ts";
import { iqAuth } from "../negotiate/iq-auth.ts";
import { type Password, passwordOption } from "../sasl/password.ts";
import { NS } from "../xml/namespaces.ts";
import { addressOption, flagOption } from "./checks.ts";
import type { Dialect } from "./dialect.ts";
import { openOldStream } from "./old-stream.ts";

/** How to log in to a server from before XMPP 1.0. */
export interface LegacyOptions {
  /** The account, `user@domain` or `user@domain/resource`; without a resource a random one is taken. */
  readonly jid: string;
  /** The password, or a function that is asked for it at each login. */
  readonly password: Password;
  /**
   * Send the password itself and no digest, where the server takes it. Default `false`. It goes out
   * only inside TLS, or in clear where the TLS policy is `plaintext`.
   */
  readonly plaintext?: boolean;
}

/**
 * Jabber before XMPP 1.0: jabber:iq:auth (XEP-0078) on a stream without version. Where TLS is wanted
 * by STARTTLS, the header says `version='1.0'`, for only so is it offered. Ends in `BAD_OPTION`; its
 * login in the codes of the TLS and iq:auth features.
 *
 * @example legacy({ jid: "romeo@example.net/orchard", password: "…" })
 */
export function legacy(options: LegacyOptions): Dialect {
  record("legacy options", options);
  knownOptions("legacy", options, ["jid", "password", "plaintext"]);
  const { bare, local = "", domain, resource } = addressOption("jid", options.jid, "account");
  const password = passwordOption("password", options.password);
  const plaintext = flagOption("plaintext", options.plaintext, false);

  return Object.freeze<Dialect>({
    name: "legacy",
    domain,
    contentNamespace: NS.client,
    version: undefined,
    ports: Object.freeze({ plain: 5222, direct: 5223 }),
    tls: "by-host",
    certificate: "domain",
    async negotiate(login) {
      const header = await openOldStream(login);
      const own = resource ?? randomId(login.crypto);
      await iqAuth(login, header, { username: local, resource: own, password, plaintext });
      return { jid: jid(`${bare}/${own}`).full };
    },
  });
}
