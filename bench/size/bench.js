import { bundle, cells, exported, KB, less, ours, SIZES } from "./bundle.js";
import { costs } from "./costs.js";
import { installed } from "./installed.js";
import { parts } from "./parts.js";
import { PEERS } from "./peers.js";

/** The parts that a client for browsers imports. */
const CLIENT = "{ Broker, xml, xmpp }";
const CLIENT_WITH_BOSH = "{ Broker, xml, xmpp, websocket, bosh }";

const DIALECTS = ["xmpp", "legacy", "component", "jabberd2"];

/** @param {import("../run.js").Context} context */
export async function run({ output }) {
  const goals = {};
  installed(output, goals);
  const client = await bundle(ours(CLIENT));
  await bundled(client, output, goals);
  await peers(client, output);
  parts(output, client);
  await costs(output);
  return goals;
}

async function bundled(client, output, goals) {
  const table = output.table({
    id: "bundled",
    title: "Bundled for a browser: minified, gzip; 1 KB is 1,000 bytes",
    columns: [{ key: "name", label: "what", width: 54 }, ...SIZES],
  });
  const row = (name, size) => {
    table.row({ name, ...cells(size) });
    return size.gzip / KB;
  };
  const more = async (name, names, base) => row(name, less(await bundle(ours(names)), base));
  goals["everything KB"] = row("xmpp-broker, everything in the entry", await bundle(ours("*")));
  const broker = await bundle(ours("{ Broker }"));
  row("xmpp-broker, Broker alone", broker);
  for (const dialect of DIALECTS) {
    await more(`  and the dialect ${dialect}: more by`, `{ Broker, ${dialect} }`, broker);
  }
  goals["browser client KB"] = row(`a client for browsers: ${CLIENT}`, client);
  await more("  with websocket({ or: bosh() }): more by", CLIENT_WITH_BOSH, client);
  goals["small client KB"] = row(
    "  from xmpp-broker/small, without the index",
    await bundle(ours(CLIENT, "small.js")),
  );
  for (const part of ["xml", "xpath"]) {
    goals[`${part} KB`] = row(`xmpp-broker/${part}`, await bundle(ours("*", `${part}.js`)));
  }
  for (const name of ["jid", "BrokerError"]) {
    goals[`${name} KB`] = row(`xmpp-broker, ${name} alone`, await bundle(ours(`{ ${name} }`)));
  }
}

/** Measures ours beside clients of others. */
async function peers(client, output) {
  const table = output.table({
    id: "peers",
    title: "Clients for browsers: a WebSocket found by host-meta, SCRAM, XEP-0198, reconnecting",
    note: "each by the import that its documentation begins with; strophe.js has XEP-0198 without a plugin since version 4.1",
    columns: [
      { key: "name", label: "library" },
      ...SIZES,
      { key: "hasNot", label: "has not", width: 56 },
      { key: "hasMore", label: "has more", width: 36 },
    ],
  });
  const row = (name, size, hasNot, hasMore) => table.row({ name, ...cells(size), hasNot, hasMore });
  row(
    "xmpp-broker",
    client,
    "SASL2, FAST, channel binding, extensions",
    "filters in XPath, a queue",
  );
  for (const [name, from, names, hasNot, hasMore] of PEERS) {
    row(name, await bundle(exported(names, from)), hasNot, hasMore);
  }
}
