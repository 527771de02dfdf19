import { createHash, X509Certificate } from "node:crypto";
import { createServer, type Socket } from "node:net";
import { createSecureContext, TLSSocket as ServerSide } from "node:tls";
import { describe, expect, test } from "vitest";
import { readHost } from "../../src/base/text/host-name.ts";
import {
  alternativeNames,
  makeAuthority,
  makeCertificate,
} from "../../src/testing/certificate/certificate.ts";
import {
  type Der,
  explicit,
  implicit,
  octetString,
  oid,
  sequence,
} from "../../src/testing/certificate/der.ts";
import { isFor, readCertificate } from "../../src/transport/certificate.ts";
import { connectTcp } from "../../src/transport/tcp.ts";
import { listen, target, undo } from "./loopback.ts";
import * as odd from "./odd-certificates.ts";
import { dns, ip, signed, srv, unsigned, uri, xmppAddress } from "./signed.ts";

const DISGUISED = "http://a.example/, othername:SRVName:_xmpp-client.example.org, DNS:example.org";

/** True if a certificate (DER) is for a host. */
function fits(der: Uint8Array, name: string): boolean {
  const host = readHost(name);
  return host !== undefined && isFor(readCertificate(der), host);
}

const manyNames = (count: number): Der[] =>
  Array.from({ length: count }, (_, index) => dns(`${index}.example`));

/** The subject's common name, the alternative names, the host that is wanted, and whether it fits. */
type Row = [what: string, subject: string, names: Der[], host: string, is: boolean];

/** Rows in which runtimes have been seen to differ. */
const runtimes: Row[] = [
  ["no name but the common one", "example.org", [], "example.org", false],
  ["another name", "example.org", [dns("other.example")], "example.org", false],
  ["a URI with names in it", "example.org", [uri(DISGUISED)], "example.org", false],
  ["a wildcard", "x", [dns("*.example.org")], "chat.example.org", true],
  ["an SRV-ID alone", "x", [srv("_xmpp-client.example.org")], "example.org", true],
];

const rows: Row[] = [
  ...runtimes,
  ["the name", "x", [dns("example.org")], "example.org", true],
  ["the name among others", "x", [dns("a.example"), dns("example.org")], "example.org", true],
  ["the name in capitals", "x", [dns("EXAMPLE.org")], "example.ORG", true],
  ["the name, wanted with the root's dot", "x", [dns("example.org")], "example.org.", true],
  ["the name with the root's dot", "x", [dns("example.org.")], "example.org", false],
  ["a longer name", "x", [dns("example.org.evil.example")], "example.org", false],
  ["an empty name", "x", [dns("")], "example.org", false],
  ["NUL in the name", "x", [dns("example.org\0.evil.example")], "example.org", false],
  ["NUL behind the name", "x", [dns("example.org\0")], "example.org", false],
  ["white space about the name", "x", [dns(" example.org")], "example.org", false],
  ["two names in one", "x", [dns("evil.example, DNS:example.org")], "example.org", false],
  ["quotes", "x", [dns('"example.org"')], "example.org", false],
  ["an address as a name", "127.0.0.1", [dns("127.0.0.1")], "127.0.0.1", false],
  ["a name wanted, an address there", "x", [ip(127, 0, 0, 1)], "localhost", false],

  ["a wildcard for two labels", "x", [dns("*.example.org")], "a.chat.example.org", false],
  ["a wildcard for no label", "x", [dns("*.example.org")], "example.org", false],
  ["a wildcard in capitals", "x", [dns("*.Example.ORG")], "chat.example.org", true],
  ["a wildcard for an A-label", "x", [dns("*.example.org")], "bücher.example.org", true],
  ["a wildcard of one label", "x", [dns("*.example")], "chat.example", false],
  ["a wildcard for everything", "x", [dns("*")], "example", false],
  ["a wildcard in a label", "x", [dns("c*.example.org")], "chat.example.org", false],
  ["a wildcard behind a label", "x", [dns("chat.*.org")], "chat.example.org", false],
  ["two wildcards", "x", [dns("*.*.example.org")], "a.b.example.org", false],
  ["a wildcard for an address", "x", [dns("*.0.0.1")], "127.0.0.1", false],

  ["an international name", "x", [dns("xn--bcher-kva.example")], "bücher.example", true],
  [
    "an international name, wanted in A-labels",
    "x",
    [dns("xn--bcher-kva.example")],
    "XN--bcher-kva.example",
    true,
  ],
  ["a U-label in Latin-1", "x", [dns("b\xfccher.example")], "bücher.example", false],
  ["a U-label in UTF-8", "x", [dns("b\xc3\xbccher.example")], "bücher.example", false],

  ["an IPv4 address", "x", [ip(192, 0, 2, 1)], "192.0.2.1", true],
  ["another IPv4 address", "x", [ip(192, 0, 2, 1)], "192.0.2.2", false],
  ["a network", "x", [ip(192, 0, 2, 1, 255, 255, 255, 0)], "192.0.2.1", false],
  ["the loopback address for a number", "x", [ip(127, 0, 0, 1)], "2130706433", false],
  [
    "an IPv6 address",
    "x",
    [ip(32, 1, 13, 184, ...Array<number>(11).fill(0), 1)],
    "2001:db8::1",
    true,
  ],
  ["an IPv6 address in brackets", "x", [ip(...Array<number>(15).fill(0), 1)], "[::1]", true],
  [
    "an IPv6 address of a zone",
    "x",
    [ip(254, 128, ...Array<number>(13).fill(0), 1)],
    "fe80::1%eth0",
    true,
  ],
  [
    "an IPv6 address of 8 groups",
    "x",
    [ip(0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8)],
    "1:2:3:4:5:6:7:8",
    true,
  ],
  ["an IPv4 address in IPv6", "x", [ip(127, 0, 0, 1)], "::ffff:127.0.0.1", false],

  ["an SRV-ID in capitals", "x", [srv("_XMPP-client.Example.org")], "example.org", true],
  [
    "an SRV-ID of another domain",
    "x",
    [srv("_xmpp-client.example.org")],
    "chat.example.org",
    false,
  ],
  ["an SRV-ID for servers", "x", [srv("_xmpp-server.example.org")], "example.org", false],
  [
    "an SRV-ID with a wildcard",
    "x",
    [srv("_xmpp-client.*.example.org")],
    "chat.example.org",
    false,
  ],
  ["an SRV-ID with NUL", "x", [srv("_xmpp-client.example.org\0.evil")], "example.org", false],
  [
    "the name of a service as a DNS name",
    "x",
    [dns("_xmpp-client.example.org")],
    "example.org",
    false,
  ],
  ["an XMPP address", "x", [xmppAddress("example.org")], "example.org", false],
  [
    "an XMPP address, then the name",
    "x",
    [xmppAddress("a@b"), dns("example.org")],
    "example.org",
    true,
  ],
];

describe("a certificate with", () => {
  test.each(rows)("%s (CN %s)", (_what, subject, names, host, is) => {
    const extensions = names.length === 0 ? [] : [alternativeNames(...names)];
    expect(fits(unsigned(subject, ...extensions), host)).toBe(is);
  });

  test.each([
    ["a common name", odd.commonNameOnly, "example.org", false],
    ["an SRV-ID for clients", odd.srvId, "example.org", true],
    ["an SRV-ID for clients of another domain", odd.srvId, "chat.example.org", false],
    ["an SRV-ID for servers", odd.serverSrvId, "example.org", false],
    ["an XMPP address", odd.xmppAddress, "example.org", false],
    ["a wildcard within a label", odd.partialWildcard, "chat.example.org", false],
    ["a wildcard that is not left-most", odd.innerWildcard, "chat.example.org", false],
    ["a URI disguised as an SRV-ID", odd.disguised, "example.org", false],
  ])("%s, as others have made it", (_what, pem, name, is) => {
    expect(fits(new X509Certificate(pem).raw, name)).toBe(is);
  });

  test("names and addresses is for the hosts that OpenSSL says", () => {
    const names = ["example.org", "*.example.org", "*.b.example.org", "127.0.0.1", "::1", "*.net"];
    const certificate = new X509Certificate(makeCertificate({ names }).cert);
    const strict = { subject: "never", wildcards: true, partialWildcards: false } as const;
    const hosts = ["example.org", "a.example.org", "b.example.org", "a.b.example.org", "org"];
    hosts.push("a.b.c.example.org", "xexample.org", "example.net", "a.net");
    for (const host of hosts) {
      const openssl = certificate.checkHost(host, strict) !== undefined;
      expect([host, fits(certificate.raw, host)]).toEqual([host, openssl]);
    }
    for (const host of ["127.0.0.1", "127.0.0.2", "::1", "::2"]) {
      const openssl = certificate.checkIP(host) !== undefined;
      expect([host, fits(certificate.raw, host)]).toEqual([host, openssl]);
    }
  });

  test("an RSA or EC key has the pin that its public key has", () => {
    const { cert, pin } = makeCertificate({ names: ["example.org"] });
    const { publicKey } = readCertificate(new X509Certificate(cert).raw);
    expect(createHash("sha256").update(publicKey).digest("base64")).toBe(pin);
  });
});

describe("a handshake with a certificate of", () => {
  const authority = makeAuthority();

  test.each(runtimes)("%s (CN %s)", async (_what, subject, names, host, is) => {
    const extensions = names.length === 0 ? [] : [alternativeNames(...names)];
    const own = signed(authority, subject, ...extensions);
    const server = createServer((socket: Socket) => {
      const secureContext = createSecureContext(own);
      new ServerSide(socket, { isServer: true, secureContext }).on("error", () => undefined);
    });
    const port = await listen(server);
    const to = target(port, { servername: host, ca: [authority.ca] });
    const transport = await connectTcp(to, new AbortController().signal);
    undo(() => {
      transport.destroy();
    });
    const outcome = await transport.secure({ direct: false }).then(
      () => "accepted",
      (error: unknown) => String(error),
    );
    expect(outcome).toMatch(is ? /^accepted$/ : /the server's certificate is not for /);
  });
});

describe("a certificate is refused", () => {
  const good = unsigned("x", alternativeNames(dns("example.org"), srv("_xmpp-client.example.org")));
  const refused = { code: "TLS_FAILED" };

  test("at every place where it is cut short", () => {
    expect(fits(good, "example.org")).toBe(true);
    for (let length = 0; length < good.length; length++) {
      expect(() => readCertificate(good.subarray(0, length))).toThrow(
        expect.objectContaining(refused),
      );
    }
  });

  test("or read, and nothing else, whatever a byte of it becomes", () => {
    for (let index = 0; index < good.length; index++) {
      for (const value of [0x00, 0x01, 0x7f, 0x80, 0x84, 0xff, (good[index] ?? 0) ^ 0x20]) {
        const broken = Uint8Array.from(good);
        broken[index] = value;
        try {
          readCertificate(broken);
        } catch (error) {
          expect(error).toMatchObject(refused);
        }
      }
    }
  });

  const names = (value: Uint8Array): Der =>
    unsigned("x", sequence(oid("2.5.29.17"), octetString(value)));
  const longForm = Uint8Array.of(0x30, 0x81, 0x03, 0x82, 0x01, 0x61);
  test.each<[string, Uint8Array]>([
    ["with nothing in it", new Uint8Array()],
    ["that is no sequence", Uint8Array.of(0x04, 0x00)],
    ["with bytes behind it", Buffer.concat([good, Uint8Array.of(0)])],
    ["larger than a server may send", unsigned("x", alternativeNames(...manyNames(8000)))],
    ["with two lists of names", unsigned("x", alternativeNames(dns("a")), alternativeNames())],
    ["with bytes behind its names", names(Buffer.concat([sequence(), sequence()]))],
    ["with a list of names that is none", names(implicit(2, Buffer.from("example.org")))],
    ["with an otherName that is none", names(sequence(explicit(0, sequence())))],
    ["with an indefinite length", names(Uint8Array.of(0x30, 0x80, 0x00, 0x00))],
    ["with a length in a long form", names(longForm)],
    ["with a length of five bytes", names(Uint8Array.of(0x30, 0x85, 0, 0, 0, 0, 1, 0))],
    ["with a length beyond its end", names(Uint8Array.of(0x30, 0x84, 0xff, 0xff, 0xff, 0xff))],
    ["with a tag of several bytes", names(Uint8Array.of(0x30, 0x03, 0x9f, 0x81, 0x00))],
  ])("%s", (_what, der) => {
    expect(() => readCertificate(der)).toThrow(expect.objectContaining(refused));
  });

  test("without descending where it is nested a thousand times", () => {
    let nested = sequence();
    for (let depth = 0; depth < 1000; depth++) nested = sequence(nested);
    expect(readCertificate(unsigned("x", alternativeNames(nested))).names).toEqual([]);
    expect(() => readCertificate(nested)).toThrow(expect.objectContaining(refused));
  });

  test("or read in time, with as many names as fit", () => {
    const { names: read } = readCertificate(unsigned("x", alternativeNames(...manyNames(6000))));
    expect(read).toHaveLength(6000);
    expect(
      isFor({ names: read, publicKey: new Uint8Array() }, { kind: "name", name: "5999.example" }),
    ).toBe(true);
  });
});
