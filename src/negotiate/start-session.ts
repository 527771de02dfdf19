import { type Element, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { ask, refused } from "./answer.ts";
import type { Login } from "./login.ts";

/**
 * Opens the session of RFC 3921, section 3, which has no effect. It is opened only where the server
 * insists on it, that is, offers it without `<optional/>`. It needs a bound address. Ends in
 * `SESSION_FAILED`.
 */
export async function startSession(login: Login, features: Element): Promise<void> {
  const offer = features.child("session", NS.session);
  if (offer === undefined || offer.child("optional") !== undefined) return;
  login.report("session:start", {});
  const request = xml("session", { xmlns: NS.session });
  const answer = await ask(login, "set", request);
  if (answer.attrs.type === "error") throw refused(login, "SESSION_FAILED", answer);
  login.report("session:success", {});
}
