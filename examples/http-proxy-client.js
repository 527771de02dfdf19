// A client that reaches its server through an HTTP proxy (CONNECT). The proxy looks up the name of the server.
//
//   XMPP_JID=juliet@example.org XMPP_PASSWORD=… PROXY=http://127.0.0.1:3128 node examples/http-proxy-client.js
//
//   PROXY                      where the proxy is; a user and a password in it are shown to the proxy
//   XMPP_HOST, XMPP_PORT       where the server is, if not where the address says
//   XMPP_CA                    certificates to trust (PEM) instead of the system's
import { once } from "node:events";
import { connect } from "node:net";
import { Broker, socketTransport, xml, xmpp } from "xmpp-broker";

const { XMPP_JID, XMPP_PASSWORD, XMPP_HOST, XMPP_PORT, XMPP_CA } = process.env;
const { PROXY = "http://127.0.0.1:3128" } = process.env;

/** The option `transport` for an HTTP proxy (RFC 9110, 9.3.6). */
function httpProxy({ hostname, port, username, password }) {
  const account = btoa(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`);
  const authorization = username ? `Proxy-Authorization: Basic ${account}\r\n` : "";
  return async (target, signal) => {
    const socket = connect({ host: hostname, port: Number(port || 80) });
    const stop = () => socket.destroy(signal.reason);
    signal.addEventListener("abort", stop);
    try {
      await once(socket, "connect", { signal });
      const place = `${target.host}:${target.port}`;
      socket.write(`CONNECT ${place} HTTP/1.1\r\nHost: ${place}\r\n${authorization}\r\n`);
      const [status] = (await answer(socket)).split("\r\n");
      if (!/^HTTP\/1\.[01] 2/.test(status)) throw new Error(`the proxy has answered: ${status}`);
      return socketTransport(socket, target);
    } catch (error) {
      socket.destroy();
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
    }
  };
}

/** Reads an answer up to its empty line. The rest stays unread. */
async function answer(socket) {
  let bytes = Buffer.alloc(0);
  for await (const chunk of socket.iterator({ destroyOnReturn: false })) {
    bytes = Buffer.concat([bytes, chunk]);
    const end = bytes.indexOf("\r\n\r\n");
    if (end >= 0) {
      socket.unshift(bytes.subarray(end + 4));
      return bytes.toString("latin1", 0, end);
    }
    if (bytes.length > 16_384) throw new Error("the proxy's answer is too long");
  }
  throw new Error("the proxy has closed the connection");
}

const broker = new Broker({
  dialect: xmpp({ jid: XMPP_JID, password: XMPP_PASSWORD }),
  host: XMPP_HOST,
  port: XMPP_PORT && Number(XMPP_PORT),
  tls: { ca: XMPP_CA },
  transport: httpProxy(new URL(PROXY)),
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
