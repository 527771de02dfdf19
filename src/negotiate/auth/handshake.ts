import { askPassword, type Password } from "../../sasl/password.ts";
import type { StreamHeader } from "../../stream/header.ts";
import { xml } from "../../xml/element.ts";
import { NS } from "../../xml/namespaces.ts";
import type { Login } from "../login.ts";
import { putAside } from "../put-aside.ts";
import { streamDigest, streamId } from "./stream-digest.ts";

const NAME = "handshake";

/**
 * Authenticates a component (XEP-0114, 3). It needs an open stream, the one in force after STARTTLS.
 * The server answers a wrong secret with a stream error, which ends in `AUTH_FAILED` (an `AuthError`).
 * Other refusals, such as a name already connected, stay stream errors.
 *
 *     S: <stream:stream id='3BF96D32' …>
 *     C: <handshake>sha1hex("3BF96D32" + secret)</handshake>
 *     S: <handshake/>
 */
export async function handshake(
  login: Login,
  header: StreamHeader,
  secret: Password,
  domain: string,
): Promise<void> {
  const id = await streamId(login, header);
  login.report("auth:start", { mechanism: NAME }, { reveals: false });
  const { attempt } = login.settings;
  const password = await askPassword(secret, { mechanism: NAME, domain, attempt });
  const digest = await streamDigest(login, id, password);
  login.send(xml("handshake", { xmlns: NS.component }, digest));
  for (;;) {
    const answer = await login.next();
    if (answer.name === "handshake") break;
    putAside(login, answer, "in answer to <handshake>");
  }
  login.report("auth:success", { mechanism: NAME });
}
