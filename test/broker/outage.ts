import { webCrypto } from "../../src/base/crypto/web-crypto.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/contract/options.ts";
import type { Runtime } from "../../src/contract/runtime.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
import type { Target } from "../../src/transport/transport.ts";
import { QUIET } from "../quiet-runtime.ts";
import { VirtualClock } from "../virtual-clock.ts";
import { bare, HEADER } from "./line.ts";

/** A login of all steps. Before each one the server says `<go/>`. */
export const stepwise: Dialect = {
  ...bare,
  async negotiate(login) {
    await login.open();
    login.report("tls:start", {});
    await login.next();
    login.report("tls:success", { protocol: "TLSv1.3", cipher: "none", alpn: undefined });
    login.report("auth:start", { mechanism: "NONE" });
    await login.next();
    login.report("auth:success", { mechanism: "NONE" });
    login.report("bind:start", {});
    await login.next();
    login.report("bind:success", { jid: "me@example.org/here" });
    login.report("session:start", {});
    await login.next();
    login.report("session:success", {});
    return { jid: "me@example.org/here" };
  },
};

/** A server as one connection finds it: absent, a port that answers nothing, or a script. */
export type Fate = "refused" | "never opens" | { readonly script: string };

/** A server that opens its stream, and says this after it. */
export const opens = (rest = ""): Fate => ({ script: `C: …version='1.0'>\nS: ${HEADER}${rest}` });

/** A server that says nothing. */
export const MUTE: Fate = { script: "C: …version='1.0'>" };

/** A broker that reconnects, and the servers that its connections reached. */
export interface Outage {
  readonly broker: Broker;
  readonly clock: VirtualClock;
  readonly servers: ScriptedPeer[];
  /** Where each connection went. */
  readonly targets: Target[];
  /** The steps of its life: phases, and waits with their lengths. */
  readonly told: string[];
  readonly server: ScriptedPeer;
  /** Tells the broker that the network is back. */
  online(isOnline?: boolean): void;
}

/**
 * Makes a broker whose connections meet these fates, the last one again and again. Each wait is as long as it may
 * be, or as the `share` of chance says.
 */
export function outage(
  fates: readonly Fate[],
  options: Partial<BrokerOptions> = {},
  share = 255,
): Outage {
  const servers: ScriptedPeer[] = [];
  const targets: Target[] = [];
  const clock = new VirtualClock();
  const listening = new Set<(isOnline: boolean) => void>();
  const runtime: Runtime = {
    connect(target, signal) {
      const fate = fates[Math.min(targets.length, fates.length - 1)];
      targets.push(target);
      if (fate === "refused") return Promise.reject(new TypeError("refused"));
      if (typeof fate !== "object") return new Promise(() => undefined);
      const server = new ScriptedPeer(fate.script);
      servers.push(server);
      return server.transport(target, signal);
    },
    clock,
    online(action) {
      listening.add(action);
      return () => listening.delete(action);
    },
    crypto: { ...webCrypto, random: (length) => new Uint8Array(length).fill(share) },
    ...QUIET,
  };
  const broker = new Broker(
    { dialect: bare, keepAlive: false, reconnect: true, ...options },
    runtime,
  );
  const told: string[] = [];
  broker.on("phase", ({ to }) => told.push(to.name));
  broker.on("reconnect:scheduled", ({ attempt, delay, error }) => {
    told.push(`try ${attempt} in ${delay}: ${error.code}`);
  });
  return {
    broker,
    clock,
    servers,
    targets,
    told,
    get server() {
      const server = servers.at(-1);
      if (server === undefined) throw new TypeError("nothing has connected");
      return server;
    },
    online(isOnline = true) {
      for (const action of listening) action(isOnline);
    },
  };
}
