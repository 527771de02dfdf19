import type { Session, StreamHeader } from "../negotiate/login.ts";
import { openProtected } from "../negotiate/starttls.ts";

/**
 * Opens the stream of a dialect from before XMPP 1.0 and protects it as the TLS policy says. Its
 * header has no version, unless STARTTLS may be wanted: servers offer it only to `version='1.0'`.
 * The header returned is the one in force, whose id digests are made with.
 */
export async function openOldStream(session: Session): Promise<StreamHeader> {
  const { tls } = session.settings;
  if (tls === "plaintext" || session.tls !== undefined) return await session.open();
  const { header } = await openProtected(session, { version: "1.0" });
  return header;
}
