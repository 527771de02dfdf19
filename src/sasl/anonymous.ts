import type { Mechanism } from "./mechanism.ts";
import { OneMessage } from "./one-message.ts";

const NAME = "ANONYMOUS";

/**
 * ANONYMOUS (RFC 4505, XEP-0175): the server makes up who we are. No trace is left with it: it gets
 * none with `<auth/>`, and an empty one if it asks.
 */
export const anonymous: Mechanism = {
  name: NAME,
  mutual: false,
  revealsSecret: false,
  onlyIfNamed: true,
  available: () => true,
  begin: () => new OneMessage(NAME, undefined, new Uint8Array()),
};
