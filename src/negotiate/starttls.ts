import { BrokerError } from "../base/errors.ts";
import { type Element, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { type Login, unexpected } from "./login.ts";
import { type OpenStream, open } from "./open.ts";

/**
 * Opens the stream and protects it as the TLS policy says. It needs a connection that carried nothing yet.
 * Ends in `TLS_UNAVAILABLE`, `TLS_REQUIRED`, `TLS_FAILED`, `DOWNGRADE`. `attributes` are those of the header.
 *
 *     C: <stream:stream …>
 *     S: <stream:stream …><stream:features><starttls/></stream:features>
 *     C: <starttls/>
 *     S: <proceed/>
 *                  ^ TLS begins; all earlier knowledge is dropped (RFC 6120, 5.4.3.3)
 *     C: <stream:stream …>
 *     S: <stream:stream …><stream:features>…</stream:features>
 */
export async function openProtected(
  login: Login,
  attributes?: Readonly<Record<string, string | undefined>>,
): Promise<OpenStream> {
  const clear = await open(login, attributes);
  const { features } = clear;
  const policy = login.settings.tls;
  if (login.tls !== undefined) return clear;
  if (policy === "plaintext") {
    if (!insistsOnTls(features)) return clear;
    throw refused(login, "TLS_REQUIRED");
  }
  if (features?.child("starttls", NS.tls) === undefined) {
    if (policy !== "opportunistic") throw refused(login, "TLS_UNAVAILABLE");
    if (!login.memory.best.tls) return clear;
    throw refused(login, "DOWNGRADE", "it offers no TLS, and had it before");
  }
  await starttls(login);
  return await open(login, attributes);
}

/** True if the server goes on only inside TLS (RFC 6120, 5.3.1). */
export function insistsOnTls(features: Element | undefined): boolean {
  return features?.child("starttls", NS.tls)?.child("required", NS.tls) !== undefined;
}

/** The error for an offer that the policy refuses. The broker reports only a step in force, and there is none yet. */
function refused(
  login: Login,
  code: "TLS_REQUIRED" | "TLS_UNAVAILABLE" | "DOWNGRADE",
  detail?: string,
): BrokerError {
  const error = new BrokerError(code, detail);
  login.report("tls:failure", { error });
  return error;
}

async function starttls(login: Login): Promise<void> {
  login.report("tls:start", {});
  login.send(xml("starttls", { xmlns: NS.tls }));
  const answer = await login.next();
  if (answer.is("failure", NS.tls)) {
    throw new BrokerError("TLS_FAILED", "the server offers STARTTLS and refuses to start it");
  }
  if (!answer.is("proceed", NS.tls)) throw unexpected(answer, "in answer to <starttls>");
  const facts = await login.secure();
  login.memory.raise({ tls: true });
  login.report("tls:success", facts);
}
