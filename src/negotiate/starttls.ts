import { BrokerError, type ErrorCode } from "../base/errors.ts";
import type { Session } from "../stream/session.ts";
import { type Element, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { type OpenStream, open } from "./open.ts";

/**
 * Opens the stream and protects it as the TLS policy says. Needs a connection on which nothing was said yet.
 * Ends in `TLS_UNAVAILABLE`, `TLS_REQUIRED`, `TLS_FAILED`. `attributes` are those of the header.
 *
 *     C: <stream:stream …>
 *     S: <stream:stream …><stream:features><starttls/></stream:features>
 *     C: <starttls/>
 *     S: <proceed/>
 *                  ^ TLS begins; all that was learnt before is forgotten (RFC 6120, 5.4.3.3)
 *     C: <stream:stream …>
 *     S: <stream:stream …><stream:features>…</stream:features>
 */
export async function openProtected(
  session: Session,
  attributes?: Readonly<Record<string, string | undefined>>,
): Promise<OpenStream> {
  const clear = await open(session, attributes);
  if (!mayUseTls(session, clear.features)) return clear;
  await starttls(session);
  return await open(session, attributes);
}

/** Refuses a server that insists on the TLS the options forbid (RFC 6120, 5.3.1). Ends in `TLS_REQUIRED`. */
export function refuseTlsOnly(session: Session, features: Element): void {
  if (session.tls !== undefined) return;
  const offer = features.child("starttls", NS.tls);
  if (offer?.child("required", NS.tls) === undefined) return;
  throw failed(session, "TLS_REQUIRED");
}

function mayUseTls(session: Session, features: Element | undefined): boolean {
  if (session.tls !== undefined) return false;
  const offered = features?.child("starttls", NS.tls) !== undefined;
  switch (session.settings.tls) {
    case "plaintext":
      if (features !== undefined) refuseTlsOnly(session, features);
      return false;
    case "opportunistic":
      return offered;
    case "required":
    case "direct":
      if (!offered) throw failed(session, "TLS_UNAVAILABLE");
      return true;
  }
}

async function starttls(session: Session): Promise<void> {
  session.report("tls:start", {});
  session.send(xml("starttls", { xmlns: NS.tls }));
  const answer = await session.next();
  if (answer.is("failure", NS.tls)) {
    throw new BrokerError("TLS_FAILED", "the server refuses to start what it offered");
  }
  if (!answer.is("proceed", NS.tls)) {
    throw new BrokerError("PROTOCOL_ERROR", `<${answer.name}> came in answer to <starttls>`);
  }
  session.report("tls:success", await session.secure());
}

/** A failure before TLS has begun is reported here: no step is in force that the broker could report. */
function failed(session: Session, code: ErrorCode): BrokerError {
  const error = new BrokerError(code);
  session.report("tls:failure", { error });
  return error;
}
