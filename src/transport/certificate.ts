import { BrokerError } from "../base/errors.ts";
import type { Host } from "../base/text/host-name.ts";
import { DerReader } from "./der.ts";

/** A name of a server in a certificate (RFC 5280, 4.2.1.6; RFC 4985). Names of other kinds are left out. */
export type AlternativeName =
  | { readonly kind: "dns" | "service"; readonly name: string }
  | { readonly kind: "address"; readonly bytes: Uint8Array };

/** The parts of a certificate that tell whether it is the right one. */
export interface CertificateFacts {
  /** The subject alternative names. */
  readonly names: readonly AlternativeName[];
  /** The public key (SPKI, DER). */
  readonly publicKey: Uint8Array;
}

/** The most bytes of a certificate. OpenSSL accepts no longer list of certificates from a server. */
const MOST_BYTES = 102_400;

const SEQUENCE = 0x30;
const OBJECT_IDENTIFIER = 0x06;
const OCTET_STRING = 0x04;
const BOOLEAN = 0x01;
const IA5_STRING = 0x16;
/** A context tag around another value. */
const EXPLICIT = 0xa0;
/** A context tag in place of a primitive value's own. */
const IMPLICIT = 0x80;

/** 2.5.29.17, subjectAltName. */
const SUBJECT_ALTERNATIVE_NAME = "551d11";
/** 1.3.6.1.5.5.7.8.7, id-on-dnsSRV. */
const SRV_NAME = "2b06010505070807";

/** The service in an SRV-ID that is for the clients of a domain (RFC 6120, 13.7.1.2.1). */
const CLIENT_SERVICE = "_xmpp-client.";

/**
 * Reads a certificate (DER). The runtimes can read one too, but Node, Bun and Deno differ on its names. Throws
 * `TLS_FAILED` for bytes that are no certificate.
 */
export function readCertificate(der: Uint8Array): CertificateFacts {
  if (der.length > MOST_BYTES) {
    throw new BrokerError("TLS_FAILED", `the server's certificate has ${der.length} bytes`);
  }
  const outer = new DerReader(der);
  const certificate = new DerReader(outer.expect(SEQUENCE).content);
  outer.end();
  const fields = new DerReader(certificate.expect(SEQUENCE).content);
  fields.optional(EXPLICIT); // version
  fields.next(); // serial number
  fields.expect(SEQUENCE); // signature algorithm
  fields.expect(SEQUENCE); // issuer
  fields.expect(SEQUENCE); // validity
  fields.expect(SEQUENCE); // subject
  const publicKey = fields.expect(SEQUENCE).whole;
  fields.optional(IMPLICIT | 1); // issuer's unique identifier
  fields.optional(IMPLICIT | 2); // subject's unique identifier
  const extensions = fields.optional(EXPLICIT | 3);
  fields.end();
  return { names: extensions === undefined ? [] : namesIn(extensions.content), publicKey };
}

/**
 * True if a certificate is for a host (RFC 9525, 6): one of its DNS names or addresses, a wildcard standing for
 * one whole left-most label, or its SRV-ID `_xmpp-client.<name>`. The common name of the subject never counts, nor
 * does an XMPP address, which names a client.
 */
export function isFor({ names }: CertificateFacts, host: Host): boolean {
  if (host.kind === "address") {
    const wanted = hex(addressBytes(host.address));
    return names.some((name) => name.kind === "address" && hex(name.bytes) === wanted);
  }
  return names.some((presented) => {
    if (presented.kind === "address") return false;
    const name = presented.name.toLowerCase();
    if (presented.kind === "service") return name === CLIENT_SERVICE + host.name;
    return name === host.name || isWildcardFor(name, host.name);
  });
}

/** Two labels at least must follow the asterisk: `*.example` would stand for all domains of a registry. */
function isWildcardFor(pattern: string, name: string): boolean {
  const domain = name.slice(name.indexOf(".") + 1);
  return domain !== name && domain.includes(".") && pattern === `*.${domain}`;
}

function namesIn(extensions: Uint8Array): AlternativeName[] {
  const outer = new DerReader(extensions);
  const list = new DerReader(outer.expect(SEQUENCE).content);
  outer.end();
  let names: AlternativeName[] | undefined;
  while (!list.isAtEnd) {
    const extension = new DerReader(list.expect(SEQUENCE).content);
    const id = hex(extension.expect(OBJECT_IDENTIFIER).content);
    extension.optional(BOOLEAN); // critical
    const { content } = extension.expect(OCTET_STRING);
    extension.end();
    if (id !== SUBJECT_ALTERNATIVE_NAME) continue;
    // RFC 5280, 4.2, allows one. Readers differ on which of two counts.
    if (names !== undefined) {
      throw new BrokerError("TLS_FAILED", "the server's certificate has two lists of names");
    }
    names = generalNames(content);
  }
  return names ?? [];
}

function generalNames(value: Uint8Array): AlternativeName[] {
  const outer = new DerReader(value);
  const list = new DerReader(outer.expect(SEQUENCE).content);
  outer.end();
  const names: AlternativeName[] = [];
  while (!list.isAtEnd) {
    const { tag, content } = list.next();
    if (tag === (IMPLICIT | 2)) names.push({ kind: "dns", name: latin1(content) });
    else if (tag === (IMPLICIT | 7)) names.push({ kind: "address", bytes: content });
    else if (tag === EXPLICIT) names.push(...serviceName(content));
  }
  return names;
}

/** The name of a service, where an otherName is one. */
function serviceName(content: Uint8Array): AlternativeName[] {
  const other = new DerReader(content);
  const type = hex(other.expect(OBJECT_IDENTIFIER).content);
  const value = other.expect(EXPLICIT).content;
  other.end();
  if (type !== SRV_NAME) return [];
  const name = new DerReader(value).expect(IA5_STRING).content;
  return [{ kind: "service", name: latin1(name) }];
}

/** Makes a character of each byte: NUL, and bytes beyond ASCII, equal no character of a host. */
function latin1(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return text;
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Four bytes of an IPv4 address; sixteen of an IPv6 address, whose `::` stands for zeros. */
function addressBytes(address: string): Uint8Array {
  if (!address.includes(":")) return Uint8Array.from(address.split("."), Number);
  const [before = [], after = []] = address.split("::").map(groups);
  const zeros = new Array<number>(16 - before.length - after.length).fill(0);
  return Uint8Array.from([...before, ...zeros, ...after]);
}

function groups(text: string): number[] {
  return text.split(":").flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return group === "" ? [] : [value >> 8, value & 0xff];
  });
}
