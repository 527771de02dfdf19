import { utf8Bytes } from "../../base/text/utf8.ts";
import type { Mechanism } from "../mechanism.ts";
import { OneMessage } from "./one-message.ts";

const NAME = "EXTERNAL";

/**
 * EXTERNAL (RFC 4422, appendix A; XEP-0178): the client's certificate names the account. Without an
 * `authzid` the response has no bytes, on the wire `=`; jabberd2 wants the address there instead. A
 * server that asks for the initial response again gets it again.
 */
export const external: Mechanism = {
  name: NAME,
  mutual: false,
  revealsSecret: false,
  onlyIfNamed: true,
  available: () => true,
  begin({ authzid = "" }) {
    const identity = utf8Bytes(authzid);
    return new OneMessage(NAME, identity, identity);
  },
};
