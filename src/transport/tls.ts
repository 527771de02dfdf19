import { constants, createHash, X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import { asBrokerError, BrokerError } from "../base/errors.ts";
import { type Host, readHost } from "../base/host-name.ts";
import { type CertificateFacts, isFor, readCertificate } from "./certificate.ts";
import type { TlsFacts } from "./tls-facts.ts";
import type { TlsSettings } from "./transport.ts";

/** The application protocol of direct TLS (XEP-0368, 3). */
const APPLICATION_PROTOCOL = "xmpp-client";

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
  const host = readHost(settings.servername);
  if (host === undefined) return Promise.reject(notFor(settings.servername));
  return new Promise((resolve, reject) => {
    const secured = connect({
      socket,
      secureContext: context,
      // An address is no server name (RFC 6066, 3).
      ...(host.kind === "name" ? { servername: host.name } : { host: host.address }),
      ...(direct && { ALPNProtocols: [APPLICATION_PROTOCOL] }),
      // Said, since an environment variable would otherwise switch verification off.
      rejectUnauthorized: true,
      checkServerIdentity: (_host, { raw }) => findFault(host, settings, raw),
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

function findFault(
  host: Host,
  { servername, pins }: TlsSettings,
  der: Uint8Array,
): BrokerError | undefined {
  try {
    const certificate = readCertificate(der);
    if (!isFor(certificate, host)) return notFor(servername);
    if (pins !== undefined && !pins.includes(pinOf(certificate))) {
      return new BrokerError("TLS_FAILED", "the server's public key is none of the pinned ones");
    }
    return undefined;
  } catch (thrown) {
    return asBrokerError(thrown, "TLS_FAILED");
  }
}

function notFor(servername: string): BrokerError {
  return new BrokerError("TLS_FAILED", `the server's certificate is not for ${servername}`);
}

function pinOf({ publicKey }: CertificateFacts): string {
  return createHash("sha256").update(publicKey).digest("base64");
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
