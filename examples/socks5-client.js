// A client that reaches its server through a SOCKS5 proxy, such as Tor's. The proxy looks up the name of the server.
//
//   XMPP_JID=juliet@example.org XMPP_PASSWORD=… node examples/socks5-client.js
//
//   SOCKS_HOST, SOCKS_PORT     where the proxy is, if not Tor's place
//   XMPP_HOST, XMPP_PORT       where the server is, if not where the address says
//   XMPP_CA                    certificates to trust (PEM) instead of the system's
import { once } from "node:events";
import { connect } from "node:net";
import { Broker, socketTransport, xml, xmpp } from "xmpp-broker";

const { XMPP_JID, XMPP_PASSWORD, XMPP_HOST, XMPP_PORT, XMPP_CA } = process.env;
const { SOCKS_HOST = "127.0.0.1", SOCKS_PORT = "9050" } = process.env;

/** The option `transport` for a SOCKS5 proxy that asks for no password (RFC 1928). */
function socks5(proxy) {
  return async (target, signal) => {
    const socket = connect(proxy);
    const stop = () => socket.destroy(signal.reason);
    signal.addEventListener("abort", stop);
    try {
      await once(socket, "connect", { signal });
      socket.write(Uint8Array.of(5, 1, 0));
      const [, method] = await answer(socket, () => 2);
      if (method !== 0) throw new Error("the proxy wants a password");
      const name = new TextEncoder().encode(target.host);
      if (name.length > 255) throw new Error("the name of the server is too long");
      const port = Uint8Array.of(target.port >> 8, target.port & 0xff);
      socket.write(Uint8Array.of(5, 1, 0, 3, name.length, ...name, ...port));
      // The address of the proxy is in the answer: 4 bytes, 16 bytes, or a name.
      const lengths = (bytes) => 6 + { 1: 4, 3: 1 + bytes[4], 4: 16 }[bytes[3]];
      const [, status] = await answer(socket, (bytes) => (bytes.length < 5 ? 5 : lengths(bytes)));
      if (status !== 0) throw new Error(`the proxy has refused the server (${status})`);
      return socketTransport(socket, target);
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  };
}

/** Reads an answer. `length` says how many bytes it has, as far as the first ones tell. The rest stays unread. */
async function answer(socket, length) {
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    bytes = Buffer.concat([bytes, chunk]);
    const whole = length(bytes);
    if (bytes.length < whole) continue;
    socket.unshift(bytes.subarray(whole));
    return bytes.subarray(0, whole);
  }
  throw new Error("the proxy has closed the connection");
}

const broker = new Broker({
  dialect: xmpp({ jid: XMPP_JID, password: XMPP_PASSWORD }),
  host: XMPP_HOST,
  port: XMPP_PORT && Number(XMPP_PORT),
  tls: { ca: XMPP_CA },
  transport: socks5({ host: SOCKS_HOST, port: Number(SOCKS_PORT) }),
});

const messages = broker.stanzas("/message[@type='chat']/body");
const { jid } = await broker.connect();
console.log("ready as", jid);
broker.send(xml("message", { to: jid, type: "chat" }, xml("body", {}, "Note to self")));
for await (const { stanza } of messages) {
  console.log("received", stanza.childText("body"));
  break;
}
await broker.shutdown();
console.log("closed");
