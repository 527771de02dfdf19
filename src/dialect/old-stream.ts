import type { Login } from "../negotiate/login.ts";
import { openProtected } from "../negotiate/starttls.ts";
import type { StreamHeader } from "../stream/header.ts";

/**
 * Opens the stream of a dialect from before XMPP 1.0 and protects it as the TLS policy says. The
 * header has no version, unless STARTTLS may be wanted: servers offer it only to `version='1.0'`.
 * Returns the server's header that is in force, whose id goes into digests.
 */
export async function openOldStream(login: Login): Promise<StreamHeader> {
  const { tls } = login.settings;
  if (tls === "plaintext" || login.tls !== undefined) return await login.open();
  const { header } = await openProtected(login, { version: "1.0" });
  return header;
}
