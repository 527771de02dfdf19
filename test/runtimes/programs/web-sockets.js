import { Broker, websocket, xml, xmpp } from "xmpp-broker";

/** Prints how each way to connect to a server's WebSockets ends. The server's addresses and authority are given. */
const { WS = "", WSS = "", CA = "" } = process.env;

const broker = (url, tls, options = {}) =>
  new Broker({
    dialect: xmpp({ jid: "juliet@localhost/balcony", password: "wherefore" }),
    transport: websocket(url),
    tls,
    ...options,
  });

/** Sends stanzas, the last of them large, and counts those that come back in order. */
async function carried(connected) {
  const ids = [];
  const last = connected.waitFor("/message[@id='1000']");
  connected.filter("/message", ({ stanza }) => ids.push(Number(stanza.attrs.id)));
  for (let id = 0; id <= 1000; id++) {
    const body = id === 999 ? "x".repeat(200_000) : "hi";
    connected.send(xml("message", { to: "juliet@localhost/balcony", id }, xml("body", {}, body)));
  }
  await last;
  return ids.filter((id, index) => id === index).length;
}

async function outcome(url, tls) {
  const connected = broker(url, tls);
  try {
    await connected.connect();
    const count = await carried(connected);
    const secured = connected.transport?.tls?.protocol ?? "in clear";
    await connected.shutdown();
    return `${secured}, ${count} in order`;
  } catch (error) {
    return error.code;
  }
}

const cases = {
  ws: [WS, "plaintext"],
  wss: [WSS, { ca: CA }],
  "an authority that is not trusted": [WSS, {}],
  "another name": [WSS, { ca: CA, servername: "elsewhere.example" }],
  "a key that is not pinned": [WSS, { ca: CA, pins: [`${"A".repeat(43)}=`] }],
};
for (const [name, [url, tls]] of Object.entries(cases)) {
  console.log(`${name}: ${await outcome(url, tls)}`);
}
process.exit(0);
