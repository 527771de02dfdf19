import { randomBytes } from "node:crypto";
import {
  checkAuthzid,
  type Exchange,
  type Outcome,
  prepare,
  SaslRefusal,
} from "./sasl-exchange.ts";

/** PLAIN (RFC 4616): `authzid NUL authcid NUL password`. */
export async function plain(exchange: Exchange): Promise<Outcome> {
  const parts = (await exchange.first()).split("\0");
  const [authzid = "", username = "", password = ""] = parts;
  if (parts.length !== 3 || username === "") throw new SaslRefusal("malformed-request");
  const account = exchange.accounts.find(username);
  if (account === undefined || prepare(account.password) !== prepare(password)) {
    throw new SaslRefusal("not-authorized");
  }
  checkAuthzid(authzid, account, exchange.accounts);
  return { username: account.username };
}

/** ANONYMOUS (RFC 4505): the server chooses the name. */
export async function anonymous(exchange: Exchange): Promise<Outcome> {
  await exchange.first();
  return { username: `anonymous-${randomBytes(8).toString("hex")}` };
}
