import { BrokerError } from "../base/errors.ts";
import { xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { type Login, unexpected } from "./login.ts";

/** The meaning of the codes with which the router refuses a bind. */
const REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "400": "it has no name",
    "403": "this user may not bind it",
    "409": "it is taken",
  }),
);

/**
 * Binds a name on jabberd2's router. It needs the stream as it was restarted after authentication, and
 * may be repeated for more names. Ends in `BIND_FAILED`. Answers carry no id, but come in order. After
 * each bind the router announces the other names: such elements are kept for later.
 *
 *     C: <bind name='echo.localhost'><default/></bind>
 *     S: <presence from='c2s'/>
 *     S: <bind><default/></bind>
 *                               ^ here: resolved
 */
export async function bindName(
  login: Login,
  name: string,
  options: readonly ("log" | "default")[],
): Promise<void> {
  login.report("bind:start", {});
  const attached = options.map((option) => xml(option));
  login.send(xml("bind", { xmlns: NS.jabberd2, name }, ...attached));
  for (;;) {
    const element = await login.next();
    if (element.is("bind", NS.jabberd2)) {
      const { error } = element.attrs;
      if (error !== undefined) throw refused(name, error);
      login.report("bind:success", { jid: name });
      return;
    }
    if (!element.is("presence") && !element.is("route", NS.jabberd2)) {
      throw unexpected(element, "in answer to <bind>");
    }
    login.defer(element);
  }
}

function refused(name: string, code: string): BrokerError {
  const detail = `${name}, ${routerAnswer(code, REASONS)}`;
  return new BrokerError("BIND_FAILED", detail, { retryable: code === "409" });
}

/** The words for a code of the router, with its meaning where that is known. */
export function routerAnswer(code: string, reasons: ReadonlyMap<string, string>): string {
  const reason = reasons.get(code);
  return `the router answers ${code}${reason === undefined ? "" : ` (${reason})`}`;
}
