// Counts the way of one stanza through the built package, out and in, and prints every function on it.
//
//     npm run walks
//
// Out: the calls of named functions in the turn of `send`, without those of xml/ and base/ and without the
// initializers of classes. In: the stack frames from the listener of the socket to the handler of a filter.
import { Session } from "node:inspector/promises";
import { fileURLToPath } from "node:url";
import { ours } from "../harness/ours.js";

/** The most calls and frames that the house allows itself. */
const MOST = { out: 18, in: 14 };

const { Broker, xml, xmpp } = await ours("node.js");
const { LoopbackServer } = await ours("testing/index.js");

const server = await LoopbackServer.start({ domain: "localhost", users: { juliet: "balcony" } });
const broker = new Broker({
  dialect: xmpp({ jid: "juliet@localhost/walk", password: "balcony" }),
  port: server.ports.client,
  tls: { ca: server.ca },
});
const { jid } = await broker.connect();
const message = (id) => xml("message", { to: jid, id, type: "chat" }, xml("body", {}, "hello"));

/** Sends one and waits until it has come back. */
const roundTrip = async (id) => {
  const back = broker.waitFor(`/message[@id='${id}']`);
  broker.send(message(id));
  await back;
};
await roundTrip("warm-1");
await roundTrip("warm-2");

const folder = (url) => /\/dist\/([a-z]+)\//.exec(url)?.[1] ?? "";
const place = (url) => /\/dist\/(.*)$/.exec(url)?.[1] ?? url;

/** The functions called while `action` runs, in the turn of the call. */
async function callsOf(action) {
  const inspector = new Session();
  inspector.connect();
  await inspector.post("Profiler.enable");
  await inspector.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
  await inspector.post("Profiler.takePreciseCoverage");
  action();
  const { result } = await inspector.post("Profiler.takePreciseCoverage");
  inspector.disconnect();
  const calls = [];
  for (const { url, functions } of result) {
    if (!url.includes("/dist/") || ["xml", "base", "testing"].includes(folder(url))) continue;
    for (const { functionName, ranges } of functions) {
      const count = ranges[0]?.count ?? 0;
      if (functionName === "" || functionName.startsWith("<") || count === 0) continue;
      calls.push({ name: functionName, file: place(url), count });
    }
  }
  return calls;
}

const stanza = message("walk");
const out = await callsOf(() => broker.send(stanza));
const calls = out.reduce((sum, { count }) => sum + count, 0);

/** The frames above a handler, the listener of the socket first. */
async function framesOf() {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 100;
  const frames = await new Promise((resolve) => {
    broker.filter("/message[@id='in']", () => {
      resolve((new Error().stack ?? "").split("\n").slice(2));
    });
    broker.send(message("in"));
  });
  Error.stackTraceLimit = stackTraceLimit;
  return frames
    .filter((frame) => frame.includes("/dist/"))
    .map((frame) => {
      const [, name, url] = /at (?:async )?(.*?) ?\(?(file:.*?):\d+:\d+\)?$/.exec(frame) ?? [];
      return { name: name ?? "", file: place(url ?? "") };
    })
    .reverse();
}
const frames = await framesOf();

await broker.shutdown();
await server.close();

const line = ({ name, file, count = 1 }) =>
  `  ${name.padEnd(28)} ${file}${count > 1 ? ` (${count} times)` : ""}`;
process.stdout.write(`Out, ${calls} calls (at most ${MOST.out}):\n${out.map(line).join("\n")}\n\n`);
process.stdout.write(
  `In, ${frames.length} frames (at most ${MOST.in}):\n${frames.map(line).join("\n")}\n`,
);
if (calls > MOST.out || frames.length > MOST.in) {
  process.stderr.write(`${fileURLToPath(import.meta.url)}: the way is longer than allowed\n`);
  process.exitCode = 1;
}
