import type { Mechanism } from "../mechanism.ts";
import { OneMessage } from "./one-message.ts";

const NAME = "ANONYMOUS";

/**
 * ANONYMOUS (RFC 4505, XEP-0175): the server makes up an account. The client sends no trace
 * information: nothing with `<auth/>`, and an empty message if the server asks.
 */
export const anonymous: Mechanism = {
  name: NAME,
  mutual: false,
  revealsSecret: false,
  onlyIfNamed: true,
  available: () => true,
  begin: () => new OneMessage(NAME, undefined, new Uint8Array()),
};
