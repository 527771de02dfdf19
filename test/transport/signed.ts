import { generateKeyPairSync, randomBytes, sign } from "node:crypto";
import type { Authority } from "../../src/testing/certificate/certificate.ts";
import {
  bitString,
  type Der,
  explicit,
  implicit,
  integer,
  octetString,
  oid,
  pem,
  sequence,
  set,
  time,
  utf8String,
} from "../../src/testing/certificate/der.ts";

const ECDSA_WITH_SHA256 = sequence(oid("1.2.840.10045.4.3.2"));
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
  explicit(0, oid("1.3.6.1.5.5.7.8.5"), explicit(0, utf8String(name)));

/** An extension with the subject's alternative names. */
export const alternativeNames = (...names: Der[]): Der =>
  sequence(oid("2.5.29.17"), octetString(sequence(...names)));

const commonName = (name: string): Der => sequence(set(sequence(oid("2.5.4.3"), utf8String(name))));

/** The part of a certificate that is signed, with a key of no use. */
export function statement(
  subject: string,
  extensions: readonly Der[],
  issuer = "test",
  key: Uint8Array = sequence(),
): Der {
  return sequence(
    explicit(0, integer(Uint8Array.of(2))),
    integer(Uint8Array.of(1, ...randomBytes(7))),
    ECDSA_WITH_SHA256,
    commonName(issuer),
    sequence(time(new Date(Date.now() - HOUR)), time(new Date(Date.now() + HOUR))),
    commonName(subject),
    key,
    ...(extensions.length === 0 ? [] : [explicit(3, sequence(...extensions))]),
  );
}

/** A certificate that no one has signed. */
export function unsigned(subject: string, ...extensions: Der[]): Der {
  return sequence(statement(subject, extensions), ECDSA_WITH_SHA256, bitString(Uint8Array.of(0)));
}

/** A certificate that an authority has signed, with its key. */
export function signed(authority: Authority, subject: string, ...extensions: Der[]) {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const spki = publicKey.export({ type: "spki", format: "der" });
  const toBeSigned = statement(subject, extensions, authority.name, spki);
  const signature = sign("sha256", toBeSigned, authority.privateKey);
  return {
    cert: pem("CERTIFICATE", sequence(toBeSigned, ECDSA_WITH_SHA256, bitString(signature))),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
  };
}
