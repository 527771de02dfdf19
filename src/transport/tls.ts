import { constants, createHash, X509Certificate } from "node:crypto";
import type { Socket } from "node:net";
import { connect, createSecureContext, type SecureContext, type TLSSocket } from "node:tls";
import { asBrokerError, BrokerError, isBrokerError } from "../base/errors.ts";
import { type Host, readHost } from "../base/text/host-name.ts";
import { type CertificateFacts, isFor, readCertificate } from "./certificate.ts";
import type { TlsFacts } from "./tls-facts.ts";
import type { TlsSettings } from "./transport.ts";

/**
 * Makes a context of OpenSSL from certificates, a key and the oldest version. Throws `BAD_OPTION` for a text that
 * is no PEM, and for a key that does not fit its certificate.
 */
export function secureContext({ ca, cert, key, minVersion }: TlsSettings): SecureContext {
  // OpenSSL accepts a text without any certificate in silence, and then trusts no server.
  for (const trusted of ca ?? []) mustBeCertificate("tls.ca", trusted);
  if (cert !== undefined) mustBeCertificate("tls.cert", cert);
  try {
    return createSecureContext({
      minVersion,
      // A second handshake could show another certificate, unchecked (RFC 9325, 3.5).
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

/** The protocol inside TLS (ALPN): XMPP from the first byte (XEP-0368, 3), or HTTP for a WebSocket. */
export type ApplicationProtocol = "xmpp-client" | "http/1.1";

/**
 * Puts TLS on a connected socket, as the client. Resolves when the certificate chain, the name and the pins are
 * right. Rejects with `TLS_FAILED`, `retryable` when the connection was lost in the middle; the socket is of no
 * use then, and the caller destroys it.
 */
export function handshake(
  socket: Socket,
  settings: TlsSettings,
  context: SecureContext,
  protocol: ApplicationProtocol | undefined,
): Promise<TLSSocket> {
  const host = readHost(settings.servername);
  if (host === undefined) return Promise.reject(notFor(settings.servername));
  return new Promise((resolve, reject) => {
    const secured = connect({
      socket,
      secureContext: context,
      // An address is no server name (RFC 6066, 3).
      ...(host.kind === "name" ? { servername: host.name } : { host: host.address }),
      ...(protocol !== undefined && { ALPNProtocols: [protocol] }),
      // Without it an environment variable could switch verification off.
      rejectUnauthorized: true,
      checkServerIdentity: (_host, { raw }) => findFault(host, settings, raw),
    });
    secured.once("secureConnect", () => {
      secured.off("close", secureOnClose);
      resolve(secured);
    });
    secured.on("error", (error: Error) => {
      if (isBrokerError(error)) reject(error);
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

/** The outcome of the handshake of a socket. */
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

/** The message of a socket's error: OpenSSL's reason without its source lines, or the reasons of all addresses. */
export function reasonOf(error: Error): string {
  if (error instanceof AggregateError) {
    return error.errors.map((each) => (each instanceof Error ? reasonOf(each) : "")).join(", ");
  }
  return "reason" in error && typeof error.reason === "string" ? error.reason : error.message;
}

/** True if the network failed, and not the handshake. */
function isLoss(error: Error): boolean {
  return "syscall" in error || ("code" in error && error.code === "ECONNRESET");
}
