import { createHash, randomBytes } from "node:crypto";
import { checkAuthzid, type Exchange, type Outcome, SaslRefusal } from "./sasl-exchange.ts";

/**
 * DIGEST-MD5 (RFC 2831), from the server's side; obsolete (RFC 6331), but jabberd2's router knows
 * nothing else:
 *
 *     S: realm="example.org",nonce="…",qop="auth",charset=utf-8,algorithm=md5-sess
 *     C: username="…",realm="…",nonce="…",nc=00000001,cnonce="…",digest-uri="…",response=…
 *     S: rspauth=…
 */
export async function digestMd5(exchange: Exchange): Promise<Outcome> {
  const { accounts } = exchange;
  const nonce = randomBytes(18).toString("base64");
  const said = directives(
    await exchange.ask(
      `realm="${accounts.realm}",nonce="${nonce}",qop="auth",charset=utf-8,algorithm=md5-sess`,
    ),
  );
  const { username = "", realm = "", cnonce = "", response = "", qop = "auth" } = said;
  const digestUri = said["digest-uri"] ?? "";
  if (username === "" || cnonce === "" || digestUri === "" || said.nc !== "00000001") {
    throw new SaslRefusal("malformed-request");
  }
  const rightPlace = accounts.digestUri === undefined || digestUri === accounts.digestUri;
  const account = accounts.find(username);
  if (account === undefined || said.nonce !== nonce || qop !== "auth" || !rightPlace) {
    throw new SaslRefusal("not-authorized");
  }
  if (realm !== accounts.realm) throw new SaslRefusal("not-authorized");
  const authzid = said.authzid ?? "";
  checkAuthzid(authzid, account, accounts);

  // A client that does not say `charset=utf-8` has hashed ISO 8859-1 (RFC 2831, 2.1.2.1).
  const charset = said.charset === "utf-8" ? "utf8" : "latin1";
  const secret = md5(Buffer.from(`${username}:${realm}:${account.password}`, charset));
  const tail = `:${nonce}:${cnonce}${authzid === "" ? "" : `:${authzid}`}`;
  const a1 = hex(md5(Buffer.concat([secret, Buffer.from(tail, charset)])));
  const proof = (method: string): string => {
    const a2 = hex(md5(Buffer.from(`${method}:${digestUri}`, charset)));
    return hex(md5(Buffer.from(`${a1}:${nonce}:00000001:${cnonce}:auth:${a2}`, charset)));
  };
  if (response !== proof("AUTHENTICATE")) throw new SaslRefusal("not-authorized");
  // The server's proof hashes the same with an empty method (RFC 2831, 2.1.3).
  return { username: account.username, proof: `rspauth=${proof("")}` };
}

/** `key=value` and `key="va\"lue"`, separated by commas; a key that comes twice is refused. */
function directives(text: string): Partial<Record<string, string>> {
  const found = new Map<string, string>();
  const one = /\s*([!#$%&'*+.^_`|~\w-]+)=(?:"((?:[^"\\]|\\.)*)"|([^",\s]*))\s*(?:,|$)/gsy;
  while (one.lastIndex < text.length) {
    const match = one.exec(text);
    const [, key = "", quoted, token = ""] = match ?? [];
    if (match === null || found.has(key)) throw new SaslRefusal("malformed-request");
    found.set(key, quoted?.replace(/\\(.)/gs, "$1") ?? token);
  }
  return Object.fromEntries(found);
}

const md5 = (bytes: Uint8Array): Buffer => createHash("md5").update(bytes).digest();

const hex = (bytes: Buffer): string => bytes.toString("hex");
