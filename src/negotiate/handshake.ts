import { hex } from "../base/crypto.ts";
import { BrokerError } from "../base/errors.ts";
import { askPassword, type Password } from "../sasl/password.ts";
import type { Session, StreamHeader } from "../stream/session.ts";
import { xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";

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
  if (header.id === undefined) {
    throw new BrokerError("PROTOCOL_ERROR", "the server's stream has no id to make a digest with");
  }
  session.report("auth:start", { mechanism: NAME });
  const text = new TextEncoder().encode(header.id + (await askPassword(secret, NAME)));
  const digest = hex(await session.crypto.hash("SHA-1", text));
  session.send(xml("handshake", { xmlns: NS.component }, digest));
  const answer = await session.next();
  if (answer.name !== "handshake") {
    throw new BrokerError("PROTOCOL_ERROR", `<${answer.name}> came in answer to <handshake>`);
  }
  session.report("auth:success", { mechanism: NAME });
}
