// A worker that uses the neutral entry, and answers each request with its results.
import {
  Broker,
  component,
  find,
  isBrokerError,
  jid,
  memoryPair,
  parse,
  xml,
  xmpp,
} from "xmpp-broker";

const dialect = xmpp({ jid: "juliet@example.org", password: "wherefore" });

/** Connects; gives the address, or the code of the error. */
async function connect(options) {
  const broker = new Broker({ dialect, host: "127.0.0.1", ...options });
  return await broker.connect().then(
    (ready) => ready.jid,
    (error) => (isBrokerError(error) ? error.code : String(error)),
  );
}

const HEADER =
  "<stream:stream xmlns='jabber:component:accept' xmlns:stream='http://etherx.jabber.org/streams' id='1'>";

/** A connection to a server of XEP-0114, which knows the digest of the secret. */
async function toServer() {
  const [ours, theirs] = memoryPair();
  const secret = new TextEncoder().encode("1secret");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", secret));
  const hex = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  theirs.start({
    data(bytes) {
      const text = new TextDecoder().decode(bytes);
      if (text.includes("<stream:stream")) theirs.write(HEADER);
      if (text.includes(`<handshake>${hex}</handshake>`)) theirs.write("<handshake/>");
    },
    end() {},
    close() {},
    taken() {},
    leaving() {},
  });
  return ours;
}

export default {
  async fetch() {
    return Response.json({
      phase: new Broker({ dialect }).phase.name,
      found: find(parse("<a><b c='1'/></a>"), "b/@c")[0].value,
      jid: jid("Juliet@xn--bcher-kva.EXAMPLE").bare,
      written: String(xml("message", { to: "romeo@example.org" }, xml("body", {}, "1 < 2"))),
      withoutTransport: await connect({}),
      overMemory: await connect({
        dialect: component({ domain: "echo.example.org", secret: "secret" }),
        transport: toServer,
      }),
    });
  },
};
