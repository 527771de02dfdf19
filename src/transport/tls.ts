import { constants, createHash, X509Certificate } from "node:crypto";
import { isIP, type Socket } from "node:net";
import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import { domainToASCII } from "node:url";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { withoutBrackets } from "../base/host-name.ts";
import type { TlsFacts } from "./tls-facts.ts";
import type { TlsSettings } from "./transport.ts";

/** The application protocol of direct TLS (XEP-0368, 3). */
const APPLICATION_PROTOCOL = "xmpp-client";

/** What a certificate may be for besides its DNS names: clients of a domain (RFC 6120, 13.7.1.2.1). */
const SRV_ID = "othername:SRVName:_xmpp-client.";

/**
 * The caller's certificates, keys and least version as OpenSSL wants them. Throws `BAD_OPTION` for
 * what is no PEM, and for a key that does not fit its certificate.
 */
export function secureContext({ ca, cert, key, minVersion }: TlsSettings): SecureContext {
  // OpenSSL takes a text without any certificate in silence, and then trusts nobody.
  for (const trusted of ca ?? []) mustBeCertificate("tls.ca", trusted);
  if (cert !== undefined) mustBeCertificate("tls.cert", cert);
  try {
    return createSecureContext({
      minVersion,
      // RFC 9325, 3.5. A second handshake could show another certificate, which nobody would look at.
      secureOptions: constants.SSL_OP_NO_RENEGOTIATION,
      ...(ca && { ca: [...ca] }),
      ...(cert !== undefined && { cert }),
      ...(key !== undefined && { key }),
    });
  } catch (cause) {
    const reason = `tls.key must be the private key (PEM) of tls.cert: ${reasonOf(cause as Error)}`;
    throw new BrokerError("BAD_OPTION", reason, { cause });
  }
}

function mustBeCertificate(option: string, text: string): void {
  try {
    new X509Certificate(text);
  } catch (cause) {
    const reason = `${option} must be certificates (PEM): ${reasonOf(cause as Error)}`;
    throw new BrokerError("BAD_OPTION", reason, { cause });
  }
}

/**
 * Puts TLS on a connected socket, as the client. Resolves when the certificate chain, the name in it
 * and the pins have been found right; rejects with `TLS_FAILED`, `retryable` when the connection was
 * lost in the middle, and leaves the socket destroyed then.
 */
export function handshake(
  socket: Socket,
  settings: TlsSettings,
  context: SecureContext,
  direct: boolean,
): Promise<TLSSocket> {
  const name = asciiName(settings.servername);
  return new Promise((resolve, reject) => {
    const secured = connect({
      socket,
      secureContext: context,
      // An address is no server name (RFC 6066, 3).
      ...(isIP(name) === 0 ? { servername: name } : { host: name }),
      ...(direct && { ALPNProtocols: [APPLICATION_PROTOCOL] }),
      // Said, since an environment variable would otherwise switch verification off.
      rejectUnauthorized: true,
      checkServerIdentity: (_host, { raw }) => findFault(name, settings.pins, raw),
    });
    secured.once("secureConnect", () => {
      secured.off("close", secureOnClose);
      resolve(secured);
    });
    secured.on("error", (error: Error) => {
      if (error instanceof BrokerError) reject(error);
      const facts = { cause: error, retryable: isLoss(error) };
      reject(new BrokerError("TLS_FAILED", reasonOf(error), facts));
    });
    secured.once("close", secureOnClose);

    function secureOnClose(): void {
      const reason = "the connection was closed during the handshake";
      reject(new BrokerError("TLS_FAILED", reason, { retryable: true }));
    }
  });
}

/** What the handshake of a socket settled on. */
export function tlsFacts(socket: TLSSocket): TlsFacts {
  return {
    protocol: socket.getProtocol() ?? "unknown",
    cipher: socket.getCipher().standardName,
    alpn: typeof socket.alpnProtocol === "string" ? socket.alpnProtocol : undefined,
  };
}

/**
 * Whether a certificate is for a name (RFC 9525, 6): one of its DNS names or addresses, a wildcard
 * standing for a whole left-most label, or its SRV-ID `_xmpp-client.<name>`. The subject's common
 * name never counts, nor does an XMPP address, which says who a client is.
 */
export function isFor(certificate: X509Certificate, name: string): boolean {
  if (isIP(name) !== 0) return certificate.checkIP(name) !== undefined;
  const strict = { subject: "never", wildcards: true, partialWildcards: false } as const;
  if (certificate.checkHost(name, strict) !== undefined) return true;
  const names = certificate.subjectAltName ?? "";
  // Node puts quotes around a name that could be taken for two. Where there are any, we do not guess.
  if (names.includes('"')) return false;
  const wanted = (SRV_ID + name).toLowerCase();
  return names.split(", ").some((entry) => entry.toLowerCase() === wanted);
}

function findFault(
  name: string,
  pins: readonly string[] | undefined,
  raw: Buffer,
): BrokerError | undefined {
  try {
    const certificate = new X509Certificate(raw);
    if (!isFor(certificate, name)) {
      return new BrokerError("TLS_FAILED", `the server's certificate is not for ${name}`);
    }
    if (pins !== undefined && pins.length > 0 && !pins.includes(pinOf(certificate))) {
      return new BrokerError("TLS_FAILED", "the server's public key is none of the pinned ones");
    }
    return undefined;
  } catch (thrown) {
    return asBrokerError(thrown, "TLS_FAILED");
  }
}

function pinOf(certificate: X509Certificate): string {
  const key = certificate.publicKey.export({ type: "spki", format: "der" });
  return createHash("sha256").update(key).digest("base64");
}

/** A name as certificates and SNI have it: A-labels, no trailing dot, an IPv6 address without its brackets. */
function asciiName(servername: string): string {
  const name = withoutBrackets(servername);
  return isIP(name) === 0 ? domainToASCII(name).replace(/\.$/, "") : name;
}

/** What a socket's error says to people: OpenSSL's reason without its source lines, and all errors of several. */
export function reasonOf(error: Error): string {
  if (error instanceof AggregateError) {
    return error.errors.map((each) => (each instanceof Error ? reasonOf(each) : "")).join(", ");
  }
  return "reason" in error && typeof error.reason === "string" ? error.reason : error.message;
}

/** Whether the network failed, rather than what the two sides said. */
function isLoss(error: Error): boolean {
  return "syscall" in error || ("code" in error && error.code === "ECONNRESET");
}
