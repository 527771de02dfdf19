import { askPassword, type Password } from "../sasl/password.ts";
import { xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import type { Session, StreamHeader } from "./login.ts";
import { streamDigest, streamId } from "./stream-digest.ts";
import { unexpected } from "./unexpected.ts";

const NAME = "handshake";

/**
 * The handshake of components (XEP-0114, 3). Needs an open stream, the one in force after STARTTLS.
 * A wrong secret is told by a stream error, which here ends in `AUTH_FAILED` (an `AuthError`); other
 * refusals, such as a name already connected, are the stream errors they are.
 *
 *     S: <stream:stream id='3BF96D32' …>
 *     C: <handshake>sha1hex("3BF96D32" + secret)</handshake>
 *     S: <handshake/>
 */
export async function handshake(
  session: Session,
  header: StreamHeader,
  secret: Password,
): Promise<void> {
  const id = streamId(header);
  session.report("auth:start", { mechanism: NAME });
  const digest = await streamDigest(session, id, await askPassword(secret, NAME));
  session.send(xml("handshake", { xmlns: NS.component }, digest));
  const answer = await session.next();
  if (answer.name !== "handshake") throw unexpected(answer, "in answer to <handshake>");
  session.report("auth:success", { mechanism: NAME });
}
