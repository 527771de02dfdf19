import { BrokerError } from "../../base/errors.ts";
import type { Mechanism } from "../mechanism.ts";

/**
 * DIGEST-MD5 where the runtime has no MD5, as in browsers: it is known by name, and never used. The field `browser` of
 * `package.json` puts this module in the place of `digest-md5.ts`, so that a bundle for browsers does not carry it.
 */
export const digestMd5: Mechanism = {
  name: "DIGEST-MD5",
  mutual: true,
  revealsSecret: false,
  onlyIfNamed: true,
  available: () => false,
  begin() {
    throw new BrokerError("NO_MECHANISM");
  },
};
