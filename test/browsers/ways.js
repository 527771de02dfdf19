// The program with each way to a server that a browser has.
import { bosh, legacy, websocket, xmpp } from "xmpp-broker";
import { run } from "./program.js";

const DIALECTS = {
  xmpp,
  // Prosody has no digests.
  legacy: (account) => legacy({ ...account, plaintext: true }),
};

/** Logs in at an address, writes to itself, leaves, and tells what came of it. */
globalThis.visit = async ({ dialect, url, policy }, account) => {
  const transport = url.startsWith("http") ? bosh(url) : websocket(url);
  const outcome = await run({
    dialect: DIALECTS[dialect](account),
    transport,
    tls: policy,
  });
  await globalThis.broker.shutdown();
  return outcome;
};
