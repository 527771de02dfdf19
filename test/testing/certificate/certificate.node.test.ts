import { createHash, X509Certificate } from "node:crypto";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { connect, createServer, type TLSSocket } from "node:tls";
import { afterEach, expect, test } from "vitest";
import { makeAuthority, makeCertificate } from "../../../src/testing/certificate/certificate.ts";

const open: { close(): unknown }[] = [];
afterEach(() => {
  for (const one of open.splice(0)) one.close();
});

/** Shakes hands with a server that shows the certificate, as a client that looks for `servername`. */
async function handshake(
  certificate: { cert: string; key: string },
  ca: string,
  servername: string,
  minVersion: "TLSv1.2" | "TLSv1.3" = "TLSv1.3",
): Promise<string> {
  const server = createServer({ ...certificate, maxVersion: minVersion, minVersion: "TLSv1.2" });
  server.on("secureConnection", (socket) => socket.end());
  server.on("tlsClientError", () => undefined);
  open.push(server);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const byAddress = /[:.]\d/.test(servername) || servername === "::1";
  return await new Promise((resolve) => {
    const socket: TLSSocket = connect({
      port,
      // Node checks the certificate against `servername`, or for addresses against `host`.
      host: "127.0.0.1",
      ...(byAddress ? {} : { servername }),
      ca,
      minVersion,
    });
    socket.on("secureConnect", () => {
      resolve(socket.getProtocol() ?? "");
      socket.destroy();
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      resolve(error.code ?? error.message);
    });
  });
}

const NAMES = ["example.test", "*.example.test", "localhost", "127.0.0.1", "::1"];

test("the certificate says every name it was asked for", () => {
  const { cert } = makeCertificate({ names: [...NAMES, "bücher.example", "2001:db8::7:1"] });
  expect(new X509Certificate(cert).subjectAltName?.split(", ")).toEqual([
    "DNS:example.test",
    "DNS:*.example.test",
    "DNS:localhost",
    "IP Address:127.0.0.1",
    "IP Address:0:0:0:0:0:0:0:1",
    "DNS:xn--bcher-kva.example",
    "IP Address:2001:DB8:0:0:0:0:7:1",
  ]);
});

test("a bare JID is the address of a client, as EXTERNAL wants it", () => {
  const { cert } = makeCertificate({ names: ["alice@example.test"] });
  const names = new X509Certificate(cert).subjectAltName;
  expect(names).toBe("othername:XmppAddr:alice@example.test");
});

test("the authority's certificate signs the server's and is a CA, the server's is not", () => {
  const { cert, ca } = makeCertificate({ names: NAMES });
  const authority = new X509Certificate(ca);
  const leaf = new X509Certificate(cert);
  expect(leaf.verify(authority.publicKey)).toBe(true);
  expect(leaf.checkIssued(authority)).toBe(true);
  expect([authority.ca, leaf.ca]).toEqual([true, false]);
});

test("the key belongs to the certificate and the pin is the hash of its public key", () => {
  const { cert, pin } = makeCertificate({ names: NAMES });
  const spki = new X509Certificate(cert).publicKey.export({ type: "spki", format: "der" });
  expect(pin).toBe(createHash("sha256").update(spki).digest("base64"));
});

test.each([
  ["example.test", "TLSv1.3"],
  ["conference.example.test", "TLSv1.3"],
  ["localhost", "TLSv1.3"],
  ["127.0.0.1", "TLSv1.3"],
  ["other.test", "ERR_TLS_CERT_ALTNAME_INVALID"],
  ["a.b.example.test", "ERR_TLS_CERT_ALTNAME_INVALID"],
])("a TLS client that looks for %s ends in %s", async (servername, outcome) => {
  const certificate = makeCertificate({ names: NAMES });
  expect(await handshake(certificate, certificate.ca, servername)).toBe(outcome);
});

test("TLS 1.2 accepts the certificate too", async () => {
  const certificate = makeCertificate({ names: NAMES });
  expect(await handshake(certificate, certificate.ca, "localhost", "TLSv1.2")).toBe("TLSv1.2");
});

test("a client that trusts another authority refuses it", async () => {
  const certificate = makeCertificate({ names: NAMES });
  const outcome = await handshake(certificate, makeAuthority("another").ca, "localhost");
  expect(outcome).toMatch(/^(UNABLE_TO_VERIFY_LEAF_SIGNATURE|SELF_SIGNED_CERT_IN_CHAIN)$/);
});

test("an expired certificate is refused as expired", async () => {
  const certificate = makeCertificate({
    names: NAMES,
    notBefore: new Date("2020-01-01T00:00:00Z"),
    notAfter: new Date("2020-02-01T00:00:00Z"),
  });
  expect(await handshake(certificate, certificate.ca, "localhost")).toBe("CERT_HAS_EXPIRED");
});

test("times from 2050 on have four-digit years", () => {
  const { cert } = makeCertificate({ names: NAMES, notAfter: new Date("2051-03-04T05:06:07Z") });
  expect(new X509Certificate(cert).validTo).toBe("Mar  4 05:06:07 2051 GMT");
});

test("one authority signs several certificates with different serial numbers", () => {
  const authority = makeAuthority();
  const serials = [1, 2].map(
    () => new X509Certificate(makeCertificate({ names: NAMES, authority }).cert).serialNumber,
  );
  expect(new Set(serials).size).toBe(2);
});
