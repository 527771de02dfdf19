import { generateKeyPairSync } from "node:crypto";
import {
  type Authority,
  certify,
  SIGNATURE,
  type Statement,
  spki,
  statementOf,
  XMPP_ADDRESS,
} from "../../src/testing/certificate/certificate.ts";
import {
  bitString,
  type Der,
  explicit,
  implicit,
  oid,
  sequence,
  utf8String,
} from "../../src/testing/certificate/der.ts";

const HOUR = 3_600_000;

const ascii = (text: string): Uint8Array => Buffer.from(text, "latin1");

/** An IA5String, which the writer of certificates has no use for. */
const ia5 = (text: string): Der => Uint8Array.of(0x16, text.length, ...ascii(text));

/** General names (RFC 5280, 4.2.1.6), as text of one byte a character. */
export const dns = (name: string): Der => implicit(2, ascii(name));
export const uri = (text: string): Der => implicit(6, ascii(text));
export const ip = (...bytes: number[]): Der => implicit(7, Uint8Array.from(bytes));
export const srv = (name: string): Der =>
  explicit(0, oid("1.3.6.1.5.5.7.8.7"), explicit(0, ia5(name)));
export const xmppAddress = (name: string): Der =>
  explicit(0, XMPP_ADDRESS, explicit(0, utf8String(name)));

/** The facts of a certificate that is valid now. */
function valid(subject: string, extensions: readonly Der[], issuer: string, key: Der): Statement {
  const [notBefore, notAfter] = [new Date(Date.now() - HOUR), new Date(Date.now() + HOUR)];
  return { subject, subjectKey: key, issuer, notBefore, notAfter, extensions };
}

/** A certificate that no one has signed, with a key of no use. */
export function unsigned(subject: string, ...extensions: Der[]): Der {
  const statement = statementOf(valid(subject, extensions, "test", sequence()));
  return sequence(statement, SIGNATURE, bitString(Uint8Array.of(0)));
}

/** A certificate that an authority has signed, with its key. */
export function signed(authority: Authority, subject: string, ...extensions: Der[]) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const statement = valid(subject, extensions, authority.name, spki(publicKey));
  return {
    cert: certify(statement, authority.privateKey),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
