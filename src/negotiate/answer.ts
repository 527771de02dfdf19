import { randomId } from "../base/crypto.ts";
import { BrokerError } from "../base/errors.ts";
import { StanzaError, stanzaErrorFrom } from "../stream/stanza-error.ts";
import { type Element, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import type { Login } from "./login.ts";
import { insistsOnTls } from "./starttls.ts";
import { unexpected } from "./unexpected.ts";

/** What may come before the answer to an iq of ours. */
export interface Meanwhile {
  /** Stanzas, which are kept for later: once an address is bound, they may. Default: they may not. */
  readonly stanzas?: true;
  /** Stream features, which Prosody sends even to those who did not ask for them. */
  readonly features?: true;
}

/**
 * Sends an iq with this payload and waits for its answer, a `result` or `error` with the same id.
 * Ends in `PROTOCOL_ERROR` if anything comes that has no place here.
 *
 *     C: <iq type='set' id='8f2…'>payload</iq>
 *     S: <iq type='result' id='8f2…'>…</iq>
 *                                          ^ here: resolved
 */
export async function ask(
  login: Login,
  type: "get" | "set",
  payload: Element,
  meanwhile: Meanwhile = {},
): Promise<Element> {
  const id = randomId(login.crypto);
  login.send(xml("iq", { xmlns: NS.client, type, id }, payload));
  for (;;) {
    const element = await login.next();
    if (isAnswer(element, id)) return element;
    if (meanwhile.features && element.name === "features" && element.ns !== NS.client) {
      if (login.tls === undefined && insistsOnTls(element)) throw new BrokerError("TLS_REQUIRED");
    } else if (meanwhile.stanzas && isStanza(element)) {
      login.defer(element);
    } else {
      throw unexpected(element, "before the answer to <iq>");
    }
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

function isStanza(element: Element): boolean {
  return ["iq", "message", "presence"].includes(element.name) && element.ns !== NS.stream;
}
