// Runs alone: it counts the open handles of its process.
import { createHook } from "node:async_hooks";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { afterAll, expect, test } from "vitest";
import { type CutMode, CuttingRelay, ScriptedPeer } from "../../../src/testing/index.ts";
import { cutModes } from "../../../src/testing/relay/relayed-connection.ts";
import { SocketLine } from "../../socket-line.ts";

/** The timers of the relay and the peer that neither ran out nor were cleared. */
const timers = new Set<number>();
const hook = createHook({
  init(id, type) {
    if (type !== "Timeout") return;
    if (/\/src\/testing\/(relay|peer)\//.test(new Error().stack ?? "")) timers.add(id);
  },
  destroy(id) {
    timers.delete(id);
  },
}).enable();
afterAll(() => {
  hook.disable();
});

async function remains() {
  // Node tells of the end of a timer in the next turn, and closes a listener at its end.
  for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
  const sockets = process.getActiveResourcesInfo().filter((kind) => /TCP|TLS/.test(kind));
  return { sockets, timers: timers.size };
}

test.each<CutMode | undefined>([undefined, ...cutModes])(
  "a relay that is closed leaves nothing, after a cut by %s, and neither does a peer",
  async (mode) => {
    const server = createServer((socket) => socket.on("error", () => undefined).resume());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    const relay = await CuttingRelay.start({ to: { port } });
    const peers: ScriptedPeer[] = [];
    for (let count = 0; count < 3; count++) {
      const peer = new ScriptedPeer("C: <stream>\nS: <never>", { speaks: "C" });
      peer.accept(new SocketLine(connect({ port: relay.port, host: "127.0.0.1" })));
      peers.push(peer);
    }
    while (relay.passed.up < 3 * "<stream>".length) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    void relay.cut("fin", { at: { after: "never" } });
    if (mode !== undefined) await relay.cut(mode);
    await relay.close();
    await new Promise((resolve) => server.close(resolve));
    await Promise.all(peers.map(({ over }) => over));
    expect(await remains()).toEqual({ sockets: [], timers: 0 });
  },
);
