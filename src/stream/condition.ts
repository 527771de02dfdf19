import type { Element } from "../xml/element.ts";

/** The conditions of stream errors, stanza errors and SASL failures (RFC 6120, 4.9.3, 8.3.3 and 6.5; RFC 3920). */
const DEFINED: ReadonlySet<string> = new Set([
  ...["bad-format", "bad-namespace-prefix", "conflict", "connection-timeout", "host-gone"],
  ...["host-unknown", "improper-addressing", "internal-server-error", "invalid-from", "invalid-id"],
  ...["invalid-namespace", "invalid-xml", "not-authorized", "not-well-formed", "policy-violation"],
  ...["remote-connection-failed", "reset", "resource-constraint", "restricted-xml"],
  ...["see-other-host", "system-shutdown", "undefined-condition", "unsupported-encoding"],
  ...["unsupported-feature", "unsupported-stanza-type", "unsupported-version"],
  ...["xml-not-well-formed"],

  ...["bad-request", "feature-not-implemented", "forbidden", "gone", "item-not-found"],
  ...["jid-malformed", "not-acceptable", "not-allowed", "payment-required"],
  ...["recipient-unavailable", "redirect", "registration-required", "remote-server-not-found"],
  ...["remote-server-timeout", "service-unavailable", "subscription-required"],
  ...["unexpected-request"],

  ...["aborted", "account-disabled", "credentials-expired", "encryption-required"],
  ...["incorrect-encoding", "invalid-authzid", "invalid-mechanism", "malformed-request"],
  ...["mechanism-too-weak", "temporary-auth-failure"],
]);

/**
 * The condition that an error holds, and its text. The condition is in the namespace `ns`; where no
 * child is, a defined condition counts in any other, since some servers leave the namespace out.
 * Servers from before XMPP 1.0 send only text.
 */
export function conditionOf(
  error: Element | undefined,
  ns: string,
): { readonly condition: Element | undefined; readonly text: string | undefined } {
  const children = error?.childrenOf() ?? [];
  const text = children.find((child) => child.name === "text" && child.ns === ns);
  const misplaced = children.find((child) => child.name === "text");
  return {
    condition:
      children.find((child) => child.ns === ns && child.name !== "text") ??
      children.find((child) => DEFINED.has(child.name)),
    text: (text ?? misplaced)?.text() ?? (error?.text().trim() || undefined),
  };
}
