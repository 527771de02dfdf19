import { BrokerError } from "../base/errors.ts";
import type { TlsFacts } from "./tls-facts.ts";
import type { TlsSettings } from "./transport.ts";

/** The facts of a TLS that the platform does: it says nothing about it. */
export const PLATFORM_TLS: TlsFacts = Object.freeze({
  protocol: "unknown",
  cipher: "unknown",
  alpn: undefined,
});

/** Refuses the options of TLS that the platform would ignore. Throws `BAD_OPTION`, which ends with the reason. */
export function mustBePlain(
  { ca, cert, pins, minVersion }: TlsSettings,
  reason: string,
  more: Readonly<Record<string, unknown>> = {},
): void {
  const newer = minVersion === "TLSv1.2" ? undefined : minVersion;
  const given = Object.entries({ ca, cert, pins, ...more, minVersion: newer });
  const [name] = given.find(([, value]) => value !== undefined) ?? [];
  if (name === undefined) return;
  throw new BrokerError("BAD_OPTION", `tls.${name} cannot be given ${reason}`);
}
