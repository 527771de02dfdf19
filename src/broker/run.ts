import type { Deferred } from "../base/deferred.ts";
import { BrokerError } from "../base/errors.ts";
import type { Connection } from "./connection.ts";
import type { Ready } from "./events.ts";
import { KeepAlive } from "./keep-alive.ts";
import type { Settings } from "./options.ts";

/** One run of the broker, from `connect` to the end of its connection. */
export interface Run {
  readonly connection: Connection;
  readonly ready: Promise<Ready>;
  /** Settled last of all, with `error`. */
  readonly closed: Deferred<BrokerError | undefined>;
  jid?: string;
  /** Why it ended, if it was not we who wanted it. */
  error?: BrokerError | undefined;
  /** Its shutdown, once that has begun. */
  closing?: Promise<undefined>;
  keepAlive?: KeepAlive;
}

/** Has an idle run probed, and ended with `SOCKET_DEAD` when nothing comes back. */
export function keepAlive(run: Run, settings: Settings["keepAlive"], probe: () => void): void {
  if (settings === false) return;
  const { timeout } = settings;
  run.keepAlive = new KeepAlive(settings, {
    probe,
    dead() {
      const detail = `nothing came for ${timeout} ms after a probe`;
      run.connection.destroy(new BrokerError("SOCKET_DEAD", detail, { retryable: true }));
    },
  });
}
