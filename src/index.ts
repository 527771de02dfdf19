import { systemClock } from "./base/clock.ts";
import { webCrypto } from "./base/crypto/web-crypto.ts";
import { BrokerError } from "./base/errors.ts";
import { Broker as CoreBroker } from "./broker/broker.ts";
import type { BrokerOptions } from "./contract/options.ts";
import type { Runtime } from "./contract/runtime.ts";

/** The events of a browser's window or worker, where there is one. */
interface EventSource {
  readonly addEventListener?: (event: "online", action: () => void) => void;
  readonly removeEventListener?: (event: "online", action: () => void) => void;
}

/** The parts that every runtime has: the Web Crypto API, and no sockets. */
const runtime: Runtime = {
  connect() {
    const detail = "there are no sockets here: give the option transport";
    return Promise.reject(new BrokerError("CONNECT_FAILED", detail));
  },
  clock: systemClock,
  online(action) {
    // Not each runtime without Node has the events of a browser.
    const { addEventListener, removeEventListener } = globalThis as EventSource;
    addEventListener?.("online", action);
    return () => {
      removeEventListener?.("online", action);
    };
  },
  crypto: webCrypto,
  trace: () => undefined,
};

/**
 * A connection to an XMPP server, through the `transport` of the options: see the class it extends for all
 * it does. The constructor throws `BAD_OPTION`.
 */
export class Broker extends CoreBroker {
  constructor(options: BrokerOptions) {
    super(options, runtime);
  }
}

export * from "./public.ts";
