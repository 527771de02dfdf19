import { hex } from "../../base/crypto/crypto.ts";
import { BrokerError } from "../../base/errors.ts";
import { utf8Bytes } from "../../base/text/utf8.ts";
import type { StreamHeader } from "../../stream/header.ts";
import type { Login } from "../login.ts";

/**
 * The id of a stream, which some logins need. Without one it ends in the server's own reason, which may follow the
 * header, else in `PROTOCOL_ERROR`.
 */
export async function streamId(login: Login, { id }: StreamHeader): Promise<string> {
  if (id !== undefined) return id;
  const detail = "the server's stream has no id to make a digest with";
  return await login.refuse(new BrokerError("PROTOCOL_ERROR", detail));
}

/** The digest that proves a secret without showing it: `sha1hex(id + secret)` (XEP-0114, 3; XEP-0078, 4). */
export async function streamDigest(login: Login, id: string, secret: string): Promise<string> {
  return hex(await login.crypto.hash("SHA-1", utf8Bytes(id + secret)));
}
