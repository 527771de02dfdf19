import { BrokerError } from "../base/errors.ts";
import type { TlsFacts } from "./tls-facts.ts";
import type { Target } from "./transport.ts";

/** The facts of a TLS that the platform does: it says nothing about it. */
export const PLATFORM_TLS: TlsFacts = Object.freeze({
  protocol: "unknown",
  cipher: "unknown",
  alpn: undefined,
});

/**
 * Refuses the options of TLS that the platform would ignore: all but the policy. Throws `BAD_OPTION`, which ends with the reason.
 */
export function mustBePlain({ host, tls }: Pick<Target, "host" | "tls">, reason: string): void {
  const { servername, minVersion, ...others } = tls;
  const given = {
    ...others,
    servername: servername === host ? undefined : servername,
    minVersion: minVersion === "TLSv1.2" ? undefined : minVersion,
  };
  const [name] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  if (name === undefined) return;
  throw new BrokerError("BAD_OPTION", `tls.${name} cannot be given ${reason}`);
}
