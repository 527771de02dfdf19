import { randomId } from "../base/crypto/crypto.ts";
import { BrokerError } from "../base/errors.ts";
import { StanzaError, stanzaErrorFrom } from "../stream/stanza-error.ts";
import { type Element, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import type { Login } from "./login.ts";
import { putAside } from "./put-aside.ts";

/**
 * Sends an iq with this payload and waits for its answer, a `result` or `error` with the same id. Other elements
 * that come first are put aside. Ends in `PROTOCOL_ERROR` for an element out of place.
 *
 *     C: <iq type='set' id='8f2…'>payload</iq>
 *     S: <iq type='result' id='8f2…'>…</iq>
 *                                          ^ here: resolved
 */
export async function ask(
  login: Login,
  type: "get" | "set",
  payload: Element,
  to?: string,
): Promise<Element> {
  const id = randomId(login.crypto);
  login.send(xml("iq", { xmlns: NS.client, type, id, to }, payload));
  for (;;) {
    const element = await login.next();
    if (isAnswer(element, id)) return element;
    putAside(login, element, "before the answer to <iq>");
  }
}

/**
 * The error for a feature whose iq was answered with one, which is its cause. The cause has neither
 * text nor stanza where the server has seen a secret: it may repeat the secret there.
 */
export function refused(
  login: Login,
  code: "BIND_FAILED" | "SESSION_FAILED",
  answer: Element,
): BrokerError {
  const told = stanzaErrorFrom(answer);
  const { condition, type } = told;
  const cause = login.revealed ? new StanzaError(condition, { type }) : told;
  return new BrokerError(code, cause.condition, { cause, retryable: cause.retryable });
}

function isAnswer(element: Element, id: string): boolean {
  const { attrs } = element;
  const settles = attrs.type === "result" || attrs.type === "error";
  return element.name === "iq" && attrs.id === id && settles;
}
