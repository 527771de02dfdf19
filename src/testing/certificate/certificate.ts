import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { isIP } from "node:net";
import { domainToASCII } from "node:url";
import {
  bitString,
  boolean,
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
} from "./der.ts";

/** The content of a certificate. */
export interface CertificateOptions {
  /** The names it is valid for: domains, `*.` domains, IPv4 and IPv6 addresses, and for clients bare JIDs. */
  readonly names: readonly string[];
  /** The authority that signs it. Default: a new one. */
  readonly authority?: Authority | undefined;
  /** From when it is valid; by default an hour ago, or an hour before its end if that is past. */
  readonly notBefore?: Date | undefined;
  /** Until when it is valid; thirty days from now by default. */
  readonly notAfter?: Date | undefined;
}

/** A certificate with its key, for `node:tls`. Nothing of it is written anywhere. */
export interface Certificate {
  /** The certificate (PEM). */
  readonly cert: string;
  /** Its private key (PEM, PKCS #8). */
  readonly key: string;
  /** The authority's certificate (PEM), for the other side to trust. */
  readonly ca: string;
  /** SHA-256 of its public key (SPKI) in base64, as the broker's `tls.pins` wants it. */
  readonly pin: string;
}

/** A certification authority that lives in memory. */
export interface Authority {
  /** Its own certificate (PEM). */
  readonly ca: string;
  /** Its common name: the issuer in its certificates. */
  readonly name: string;
  /** The key that it signs with. */
  readonly privateKey: KeyObject;
  /** The key that its signatures are checked with. */
  readonly publicKey: KeyObject;
}

/** The algorithm of every signature. */
export const SIGNATURE = sequence(oid("1.2.840.10045.4.3.2")); // ecdsa-with-SHA256
const COMMON_NAME = oid("2.5.4.3");
const BASIC_CONSTRAINTS = oid("2.5.29.19");
const KEY_USAGE = oid("2.5.29.15");
const EXTENDED_KEY_USAGE = oid("2.5.29.37");
const SUBJECT_ALTERNATIVE_NAME = oid("2.5.29.17");
const SUBJECT_KEY_IDENTIFIER = oid("2.5.29.14");
const AUTHORITY_KEY_IDENTIFIER = oid("2.5.29.35");
const SERVER_AUTH = oid("1.3.6.1.5.5.7.3.1");
const CLIENT_AUTH = oid("1.3.6.1.5.5.7.3.2");

/** id-on-xmppAddr (RFC 6120, 13.7.1.4). */
export const XMPP_ADDRESS = oid("1.3.6.1.5.5.7.8.5");

const HOUR = 3_600_000;

/** Makes a new certification authority (EC P-256). No program trusts it by itself. */
export function makeAuthority(name = "xmpp-broker loopback CA"): Authority {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const statement = {
    subject: name,
    subjectKey: spki(publicKey),
    issuer: name,
    notBefore: new Date(Date.now() - HOUR),
    notAfter: new Date(Date.now() + 30 * 24 * HOUR),
    extensions: [
      extension(BASIC_CONSTRAINTS, sequence(boolean(true)), "critical"),
      // keyCertSign and cRLSign: bits 5 and 6.
      extension(KEY_USAGE, bitString(Uint8Array.of(0b0000_0110), 1), "critical"),
      extension(SUBJECT_KEY_IDENTIFIER, octetString(keyIdentifier(publicKey))),
    ],
  };
  return { ca: certify(statement, privateKey), name, privateKey, publicKey };
}

/**
 * Makes a certificate (EC P-256) for servers and clients, signed by a new authority or the one
 * given; takes a few milliseconds. An expired or a foreign one is as easily made, to test with.
 */
export function makeCertificate(options: CertificateOptions): Certificate {
  const authority = options.authority ?? makeAuthority();
  const notAfter = options.notAfter ?? new Date(Date.now() + 30 * 24 * HOUR);
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const statement = {
    subject: options.names[0] ?? "",
    subjectKey: spki(publicKey),
    issuer: authority.name,
    notBefore: options.notBefore ?? new Date(Math.min(Date.now(), notAfter.getTime()) - HOUR),
    notAfter,
    extensions: [
      extension(BASIC_CONSTRAINTS, sequence(), "critical"),
      // digitalSignature: bit 0.
      extension(KEY_USAGE, bitString(Uint8Array.of(0b1000_0000), 7), "critical"),
      extension(EXTENDED_KEY_USAGE, sequence(SERVER_AUTH, CLIENT_AUTH)),
      alternativeNames(...options.names.map(alternativeName)),
      extension(SUBJECT_KEY_IDENTIFIER, octetString(keyIdentifier(publicKey))),
      extension(
        AUTHORITY_KEY_IDENTIFIER,
        sequence(implicit(0, keyIdentifier(authority.publicKey))),
      ),
    ],
  };
  return {
    cert: certify(statement, authority.privateKey),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    ca: authority.ca,
    pin: createHash("sha256").update(spki(publicKey)).digest("base64"),
  };
}

/** The facts of a certificate. */
export interface Statement {
  readonly subject: string;
  /** The subject's public key, as SPKI. */
  readonly subjectKey: Der;
  readonly issuer: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly extensions: readonly Der[];
}

/** The certificate of RFC 5280, section 4.1: a statement, and the issuer's signature under it. */
export function certify(statement: Statement, issuerKey: KeyObject): string {
  const toBeSigned = statementOf(statement);
  const signature = sign("sha256", toBeSigned, issuerKey);
  return pem("CERTIFICATE", sequence(toBeSigned, SIGNATURE, bitString(signature)));
}

/** The part of a certificate that is signed. */
export function statementOf(statement: Statement): Der {
  const { extensions } = statement;
  return sequence(
    explicit(0, integer(Uint8Array.of(2))), // version 3
    integer(Uint8Array.of(1, ...randomBytes(15))), // serial number, never zero
    SIGNATURE,
    commonName(statement.issuer),
    sequence(time(statement.notBefore), time(statement.notAfter)),
    commonName(statement.subject),
    statement.subjectKey,
    ...(extensions.length === 0 ? [] : [explicit(3, sequence(...extensions))]),
  );
}

/** The names count, not the subject, which may hold 64 characters at most (RFC 5280, appendix A). */
const commonName = (name: string): Der =>
  sequence(set(sequence(COMMON_NAME, utf8String(Array.from(name).slice(0, 64).join("")))));

/** A public key as SPKI. */
export const spki = (key: KeyObject): Uint8Array => key.export({ type: "spki", format: "der" });

/** The first 160 bits of a hash of the key: any unique value will do (RFC 7093, section 2). */
const keyIdentifier = (key: KeyObject): Uint8Array =>
  createHash("sha256").update(spki(key)).digest().subarray(0, 20);

/** An extension with the subject's alternative names (RFC 5280, 4.2.1.6). */
export const alternativeNames = (...names: readonly Der[]): Der =>
  extension(SUBJECT_ALTERNATIVE_NAME, sequence(...names));

const extension = (id: Der, value: Der, critical?: "critical"): Der =>
  sequence(id, ...(critical ? [boolean(true)] : []), octetString(value));

/**
 * dNSName is [2], iPAddress [7] (RFC 5280, 4.2.1.6); international domains as their ASCII form. A
 * bare JID is an otherName [0] of the type id-on-xmppAddr (RFC 6120, 13.7.1.4).
 */
function alternativeName(name: string): Der {
  if (name.includes("@")) return explicit(0, XMPP_ADDRESS, explicit(0, utf8String(name)));
  if (isIP(name) !== 0) return implicit(7, addressBytes(name));
  const wildcard = name.startsWith("*.") ? "*." : "";
  const ascii = wildcard + domainToASCII(name.slice(wildcard.length));
  return implicit(2, new TextEncoder().encode(ascii));
}

/** Four bytes of an IPv4 address, sixteen of an IPv6 address, whose `::` stands for zeros. */
function addressBytes(address: string): Uint8Array {
  if (isIP(address) === 4) return Uint8Array.from(address.split(".").map(Number));
  const [head = "", tail = ""] = address.split("::");
  const before = groups(head);
  const after = groups(tail);
  const zeros = new Array<number>(16 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...zeros, ...after]);
}

function groups(text: string): number[] {
  if (text === "") return [];
  return text.split(":").flatMap((group) => {
    if (group.includes(".")) return group.split(".").map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
