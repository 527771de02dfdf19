import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Contender } from "./contender.js";
import { withContenders } from "./paired.js";

const serverProcess = () => new Contender("server", new URL("./real-server.js", import.meta.url));

/** The names of the servers to measure on: LoopbackServer, and in a full run the real ones that are installed. */
export async function serverNames({ quick, output }) {
  if (quick) return ["loopback"];
  return withContenders([serverProcess()], async ([finder]) => {
    const all = await finder.call("find");
    for (const { name, found, why } of all) if (!found) output.say(`(${name}: ${why}; left out)`);
    return ["loopback", ...all.filter(({ found }) => found).map(({ name }) => name)];
  });
}

/**
 * Starts a server in a process of its own, and stops it afterwards. `use` is given its place, and the environment of a process
 * that trusts its certificate: Node can be told only when it starts.
 *
 * @param {string} name
 * @param {(place: import("./real-server.js").Place, env: NodeJS.ProcessEnv) => Promise<void>} use
 */
export async function onServer(name, use) {
  const folder = mkdtempSync(join(tmpdir(), "xmpp-broker-bench-"));
  const file = join(folder, "ca.pem");
  try {
    await withContenders([serverProcess()], async ([host]) => {
      const place = await host.call("start", name);
      writeFileSync(file, place.ca);
      try {
        await use(place, { ...process.env, NODE_EXTRA_CA_CERTS: file });
      } finally {
        await host.call("stop");
      }
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}
