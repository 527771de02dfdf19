import { BrokerError } from "../base/errors.ts";
import { isStanza } from "../stream/stanza.ts";
import type { Element } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { type Login, unexpected } from "./login.ts";
import { isFeatures } from "./open.ts";
import { insistsOnTls } from "./starttls.ts";

/**
 * Puts an element aside that is no part of this step of a login. Servers send messages, presences, roster pushes
 * and `<r/>` before they have answered: these are delivered once ready. Prosody repeats its features, which are
 * passed over. Ends in `TLS_REQUIRED`, `POLICY_VIOLATION` (too many), `PROTOCOL_ERROR` (any other element).
 */
export function putAside(login: Login, element: Element, where: string): void {
  if (isFeatures(element)) {
    if (login.tls === undefined && insistsOnTls(element)) throw new BrokerError("TLS_REQUIRED");
    return;
  }
  if (!isStanza(element) && element.ns !== NS.streamManagement) throw unexpected(element, where);
  login.defer(element);
}
