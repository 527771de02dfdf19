import { text } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";

/** The schemes of a way over HTTP: under TLS, and in clear. */
export type Schemes = readonly [secure: string, clear: string];

/** Refuses an address that does not begin with one of the schemes, or has a user or a fragment. Throws `BAD_OPTION`. */
export function mustBeUrl(url: unknown, [secure, clear]: Schemes): void {
  const wanted = `an address that begins with ${secure} or ${clear}`;
  let parsed: URL;
  try {
    parsed = new URL(text("url", url));
  } catch (cause) {
    throw new BrokerError("BAD_OPTION", `url must be ${wanted}`, { cause });
  }
  const { protocol, username, password, hash } = parsed;
  const isPlain = `${username}${password}${hash}` === "";
  if (isPlain && (protocol === secure || protocol === clear)) return;
  throw new BrokerError("BAD_OPTION", `url must be ${wanted}, without a user and a fragment`);
}
