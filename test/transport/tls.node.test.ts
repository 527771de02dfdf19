// Runs alone: it counts the open handles of its process.
import { createServer, type Socket } from "node:net";
import {
  createSecureContext,
  TLSSocket as ServerSide,
  type TLSSocket,
  type TlsOptions,
} from "node:tls";
import { describe, expect, test, vi } from "vitest";
import { makeAuthority, makeCertificate } from "../../src/testing/certificate/certificate.ts";
import { connectTcp } from "../../src/transport/tcp.ts";
import type { TlsSettings } from "../../src/transport/transport.ts";
import {
  eventually,
  leftOver,
  listen,
  started,
  target,
  turn,
  undo,
  undoAll,
  withoutProgress,
} from "./loopback.ts";

const authority = makeAuthority();
const { ca } = authority;
const good = makeCertificate({
  names: ["example.org", "*.example.org", "127.0.0.1", "::1"],
  authority,
});

const starttls = { direct: false };
const direct = { direct: true };

/** A transport and the clear sockets of both ends; `accept` puts TLS on the server's end. */
async function connected(tls: Partial<TlsSettings> = {}) {
  const server = createServer({ allowHalfOpen: true });
  const port = await listen(server);
  const accepted = new Promise<Socket>((resolve) => server.once("connection", resolve));
  const transport = await connectTcp(
    target(port, { servername: "example.org", ca: [ca], ...tls }),
    new AbortController().signal,
  );
  undo(() => {
    transport.destroy();
  });
  const socket = await accepted;
  return { transport, socket, port };
}

/** Answers a handshake as a server. */
function accept(socket: Socket, options: TlsOptions = {}): TLSSocket {
  const { requestCert, ALPNProtocols, ...context } = options;
  const secured = new ServerSide(socket, {
    isServer: true,
    rejectUnauthorized: false,
    requestCert: requestCert ?? false,
    ...(ALPNProtocols && { ALPNProtocols }),
    secureContext: createSecureContext({ cert: good.cert, key: good.key, ...context }),
  });
  secured.on("error", () => undefined);
  return secured;
}

/** Reads so many bytes of clear text, and leaves what follows for the handshake. */
function readClear(socket: Socket, length: number): Promise<string> {
  let text = "";
  return new Promise((resolve) => {
    const socketOnReadable = (): void => {
      let chunk: Buffer | null;
      do {
        const wanted = Math.min(socket.readableLength, length - text.length);
        chunk = socket.read(wanted) as Buffer | null;
        text += chunk?.toString("latin1") ?? "";
      } while (chunk !== null && text.length < length);
      if (text.length < length) return;
      socket.off("readable", socketOnReadable);
      resolve(text);
    };
    socket.on("readable", socketOnReadable);
  });
}

describe("TLS on a connection", () => {
  test.each([["TLSv1.2"], ["TLSv1.3"]] as const)("%s carries text both ways", async (version) => {
    const { transport, socket } = await connected();
    const log = started(transport);
    const secured = accept(socket, { minVersion: version, maxVersion: version });
    const facts = await transport.secure(starttls);
    expect(facts.protocol).toBe(version);
    expect(facts.cipher).toMatch(/^TLS_/);
    expect(facts.alpn).toBeUndefined();
    expect(transport.tls).toBe(facts);
    secured.on("data", (chunk: Buffer) => secured.write(`echo ${chunk.toString()}`));
    transport.write("<a>");
    transport.write("ы🔑</a>");
    expect(transport.handed).toBe(13);
    await eventually(() => log).toContain("echo <a>ы🔑</a>");
    expect(transport.taken).toBe(13);
  });

  test("follows what was written in clear before it, and keeps what is written meanwhile", async () => {
    const { transport, socket } = await connected();
    transport.write("<starttls/>");
    const secret: string[] = [];
    const clear = readClear(socket, 11).then((text) => {
      accept(socket).on("data", (bytes: Buffer) => secret.push(bytes.toString()));
      return text;
    });
    const securing = transport.secure(starttls);
    transport.write("<stream>");
    await securing;
    await eventually(() => secret).toEqual(["<stream>"]);
    expect(await clear).toBe("<starttls/>");
  });

  test("does not start in the middle of clear text that the peer is slow to read", async () => {
    const { transport, socket } = await connected();
    const text = "x".repeat(8_000_000);
    transport.write(text);
    const securing = transport.secure(starttls);
    expect(await readClear(socket, text.length)).toBe(text);
    accept(socket);
    await expect(securing).resolves.toMatchObject({ alpn: undefined });
  });

  test("offers ALPN xmpp-client and says the server name only where due", async () => {
    for (const [options, servername, alpn, sni] of [
      [direct, "example.org", "xmpp-client", "example.org"],
      [starttls, "example.org", undefined, "example.org"],
      [direct, "127.0.0.1", "xmpp-client", undefined],
      [starttls, "[::1]", undefined, undefined],
    ] as const) {
      const { transport, socket } = await connected({ servername });
      let said: string | undefined;
      const secured = accept(socket, { ALPNProtocols: ["h2", "xmpp-client"] });
      secured.once("secure", () => {
        said = typeof secured.servername === "string" ? secured.servername : undefined;
      });
      expect((await transport.secure(options)).alpn).toBe(alpn);
      await eventually(() => said).toBe(sni);
    }
  });

  test("goes on when a server of direct TLS selects no protocol", async () => {
    const { transport, socket } = await connected();
    accept(socket);
    await expect(transport.secure(direct)).resolves.toMatchObject({ alpn: undefined });
  });

  test("may begin before the transport is started, and stays paused if it was", async () => {
    const { transport, socket } = await connected();
    transport.pause();
    const secured = accept(socket);
    await transport.secure(starttls);
    secured.write("hello");
    const log = started(transport);
    secured.once("data", () => secured.write(" again"));
    transport.write("?");
    await turn();
    expect(withoutProgress(log)).toEqual([]);
    transport.resume();
    await eventually(() => withoutProgress(log).join("")).toBe("hello again");
  });

  test("shows the client's certificate to a server that asks", async () => {
    const mine = makeCertificate({ names: ["romeo.example.org"], authority });
    const { transport, socket } = await connected({ cert: mine.cert, key: mine.key });
    const secured = accept(socket, { requestCert: true, ca: [ca] });
    const subject = new Promise((resolve) => {
      secured.once("secure", () => {
        resolve(secured.getPeerCertificate().subject.CN);
      });
    });
    await transport.secure(starttls);
    expect(await subject).toBe("romeo.example.org");
  });

  test("ends in order in both directions", async () => {
    const { transport, socket } = await connected();
    const log = started(transport);
    const secured = accept(socket);
    const chunks: string[] = [];
    secured.on("data", (chunk: Buffer) => chunks.push(chunk.toString()));
    secured.on("end", () => secured.end("bye"));
    await transport.secure(starttls);
    transport.write("</stream:stream>");
    transport.end();
    await eventually(() => log.at(-1)).toBe("[close]");
    expect(withoutProgress(log)).toEqual(["bye", "[end]", "[close]"]);
    expect(chunks).toEqual(["</stream:stream>"]);
  });

  test("a reset is DISCONNECTED, once", async () => {
    const { transport, socket } = await connected();
    const log = started(transport);
    const secured = accept(socket);
    const ready = new Promise((resolve) => secured.once("secure", resolve));
    await transport.secure(starttls);
    await ready;
    socket.resetAndDestroy();
    await eventually(() => log).toEqual(["[close DISCONNECTED]"]);
    transport.destroy();
    await turn();
    expect(log).toEqual(["[close DISCONNECTED]"]);
  });

  test("does not negotiate anew: a server that wants to is left alone with it", async () => {
    const { transport, socket } = await connected();
    const log = started(transport);
    const secured = accept(socket, { maxVersion: "TLSv1.2" }).resume();
    let handshakes = 0;
    const ready = new Promise<void>((resolve) => {
      secured.on("secure", () => {
        handshakes++;
        resolve();
      });
    });
    await transport.secure(starttls);
    await ready;
    secured.renegotiate({}, () => undefined);
    // OpenSSL's servers take the refusal in silence, but not the text that follows it.
    while (log.at(-1) !== "[close DISCONNECTED]") {
      transport.write("<presence/>");
      await turn();
    }
    expect(handshakes).toBe(1);
  });

  test("a record that is none ends the connection", async () => {
    const { transport, socket } = await connected();
    const log = started(transport);
    accept(socket);
    await transport.secure(starttls);
    socket.write("<clear-text/>");
    await eventually(() => log).toEqual(["[close DISCONNECTED]"]);
  });

  test("destroy closes without an error and leaves nothing behind", async () => {
    const { transport, socket } = await connected();
    const log = started(transport);
    accept(socket);
    await transport.secure(starttls);
    transport.write("lost");
    transport.destroy();
    await eventually(() => log).toEqual(["[close]"]);
    await undoAll();
    await eventually(leftOver).toEqual([]);
  });

  test("cannot begin twice, nor on a connection that is gone", async () => {
    const { transport, socket } = await connected();
    accept(socket);
    await transport.secure(starttls);
    await expect(transport.secure(starttls)).rejects.toMatchObject({ code: "TLS_FAILED" });
    transport.destroy();
    await expect(transport.secure(starttls)).rejects.toMatchObject({ code: "TLS_FAILED" });
  });
});

describe("TLS fails, and takes the connection with it,", () => {
  const foreign = makeCertificate({ names: ["example.org"] });
  const hour = 3_600_000;
  const expired = makeCertificate({
    names: ["example.org"],
    authority,
    notBefore: new Date(Date.now() - 2 * hour),
    notAfter: new Date(Date.now() - hour),
  });
  const other = makeCertificate({ names: ["example.net"], authority });

  test.each<[string, Partial<TlsSettings>, TlsOptions, RegExp]>([
    ["when an unknown authority has signed", {}, foreign, /certificate/],
    ["when the certificate is out of date", {}, expired, /expired/],
    ["when the certificate is for another name", {}, other, /not for example\.org/],
    ["when it is for another address", { servername: "127.0.0.2" }, {}, /not for 127\.0\.0\.2/],
    ["when a name is empty", { servername: "" }, {}, /not for/],
    ["when no pin matches", { pins: [other.pin, foreign.pin] }, {}, /pinned/],
    ["when a pin matches a foreign certificate", { pins: [foreign.pin] }, foreign, /certificate/],
    [
      "below the least version",
      { minVersion: "TLSv1.3" },
      { maxVersion: "TLSv1.2" },
      /: tlsv1 alert|: unsupported/,
    ],
  ])("%s", async (_why, settings, options, message) => {
    const { transport, socket } = await connected(settings);
    const log = started(transport);
    accept(socket, options);
    const error: unknown = await transport.secure(starttls).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "TLS_FAILED", retryable: false });
    expect(String(error)).toMatch(message);
    transport.write("secret");
    await eventually(() => log).toEqual(["[close TLS_FAILED]"]);
    expect(transport.tls).toBeUndefined();
  });

  test("even where the environment switches verification off", async () => {
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    undo(() => vi.unstubAllEnvs());
    const { transport, socket } = await connected({ ca: undefined });
    accept(socket);
    await expect(transport.secure(starttls)).rejects.toMatchObject({ code: "TLS_FAILED" });
  });

  test("when the ALPN of the server is not ours", async () => {
    const { transport, socket } = await connected();
    accept(socket, { ALPNProtocols: ["h2"] });
    await expect(transport.secure(direct)).rejects.toMatchObject({ code: "TLS_FAILED" });
  });

  test("when what answers is no TLS", async () => {
    const { transport, socket } = await connected();
    socket.once("data", () => socket.write("<stream:error/>"));
    await expect(transport.secure(direct)).rejects.toMatchObject({
      code: "TLS_FAILED",
      retryable: false,
    });
  });

  test.each<[string, (socket: Socket) => unknown]>([
    ["ends", (socket) => socket.end()],
    ["resets", (socket) => socket.resetAndDestroy()],
  ])("retryable, when the server %s the connection in the middle", async (_how, cut) => {
    const { transport, socket } = await connected();
    const log = started(transport);
    socket.once("data", () => cut(socket));
    await expect(transport.secure(starttls)).rejects.toMatchObject({
      code: "TLS_FAILED",
      retryable: true,
    });
    await eventually(() => log).toEqual(["[close TLS_FAILED]"]);
  });

  test("when the owner destroys the transport in the middle, which then closes without an error", async () => {
    const { transport, socket } = await connected();
    const log = started(transport);
    const securing = transport.secure(starttls);
    socket.once("data", () => {
      transport.destroy();
    });
    await expect(securing).rejects.toMatchObject({ code: "TLS_FAILED" });
    await eventually(() => log).toEqual(["[close]"]);
    await turn();
    expect(log).toEqual(["[close]"]);
  });

  test("when the owner destroys it while the last clear text waits", async () => {
    const { transport } = await connected();
    const log = started(transport);
    transport.write("x".repeat(8_000_000));
    const securing = transport.secure(starttls);
    transport.destroy();
    await expect(securing).rejects.toMatchObject({ code: "TLS_FAILED" });
    await eventually(() => log).toEqual(["[leaving]", "[close]"]);
  });

  test.each([[starttls], [direct]])(
    "when clear text has arrived that was not delivered (%j)",
    async (how) => {
      const { transport, socket } = await connected();
      const log = started(transport);
      transport.pause();
      socket.write("<iq from='mallory'/>");
      await new Promise((resolve) => {
        socket.once("data", resolve);
        transport.write("?");
      });
      await turn();
      await turn();
      await expect(transport.secure(how)).rejects.toMatchObject({ code: "PROTOCOL_ERROR" });
      await eventually(() => log).toEqual(["[leaving]", "[taken 1]", "[close PROTOCOL_ERROR]"]);
    },
  );
});

describe("what TLS is given", () => {
  const nobody = { host: "127.0.0.1", port: 9 };
  const mine = makeCertificate({ names: ["romeo.example.org"], authority });
  test.each<[string, string, Partial<TlsSettings>]>([
    ["an authority that is no PEM", "tls.ca", { ca: ["not a certificate"] }],
    ["a certificate that is no PEM", "tls.cert", { cert: "none", key: mine.key }],
    ["a key that is no PEM", "tls.key", { cert: mine.cert, key: "secret" }],
    ["a key of another certificate", "tls.key", { cert: mine.cert, key: good.key }],
  ])("%s is BAD_OPTION, of %s, before a socket is opened", async (_what, option, tls) => {
    const attempt = connectTcp({ ...target(0, tls), ...nobody }, new AbortController().signal);
    const error: unknown = await attempt.catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: "BAD_OPTION" });
    expect(String(error)).toContain(option);
    expect(String(error)).not.toContain("secret");
  });

  test("a pin of the certificate's key is enough beside the authority", async () => {
    const { transport, socket } = await connected({ pins: ["AAAA", good.pin] });
    accept(socket);
    await expect(transport.secure(starttls)).resolves.toBeDefined();
  });

  test.each([
    ["EXAMPLE.org", true],
    ["example.org.", true],
    ["chat.example.org", true],
    ["a.chat.example.org", false],
    ["example.com", false],
  ])("the certificate of example.org and *.example.org for %s: %s", async (servername, fits) => {
    const { transport, socket } = await connected({ servername });
    accept(socket);
    const outcome = await transport.secure(starttls).then(
      () => true,
      () => false,
    );
    expect(outcome).toBe(fits);
  });

  test("an international name is compared as its A-labels", async () => {
    const own = makeCertificate({ names: ["bücher.example"], authority });
    const { transport, socket } = await connected({ servername: "bücher.example" });
    const secured = accept(socket, own);
    await expect(transport.secure(starttls)).resolves.toBeDefined();
    expect(secured.servername).toBe("xn--bcher-kva.example");
  });
});
