import { systemClock } from "../../src/base/clock.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { BrokerOptions } from "../../src/contract/options.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
import { QUIET } from "../quiet-runtime.ts";
import { knownCrypto } from "./attempt.ts";

/** The outcome of one login of a broker. */
export interface LoginOutcome {
  readonly code: string;
  readonly retryable: boolean | undefined;
  readonly message: string;
  readonly heard: string;
  readonly failures: readonly string[];
}

/** Logs one broker in at one peer after the other. */
export async function logins(
  dialect: Dialect,
  scripts: readonly string[],
  options: Partial<BrokerOptions> = {},
): Promise<LoginOutcome[]> {
  const peers = scripts.map(
    (script) => new ScriptedPeer(script, { tls: options.tls !== "plaintext" }),
  );
  let next = 0;
  const transport: ScriptedPeer["transport"] = (target, signal) => {
    const peer = peers[next++];
    return peer === undefined
      ? Promise.reject(new TypeError("no peer is left"))
      : peer.transport(target, signal);
  };
  const broker = new Broker(
    { dialect, host: "127.0.0.1", transport, ...options },
    {
      connect: transport,
      clock: systemClock,
      crypto: knownCrypto,
      ...QUIET,
    },
  );
  const failures: string[] = [];
  for (const event of ["tls:failure", "auth:failure"] as const) {
    broker.on(event, ({ error }) => failures.push(`${event} ${error.code}`));
  }
  const results: LoginOutcome[] = [];
  for (const peer of peers) {
    failures.length = 0;
    const error: unknown = await broker.connect().then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    const { code = "ready", retryable, message = "" } = (error ?? {}) as Partial<LoginOutcome>;
    results.push({ code, retryable, message, heard: peer.heard, failures: [...failures] });
    broker.halt();
    await broker.closed;
  }
  return results;
}
