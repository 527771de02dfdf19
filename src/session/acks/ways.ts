import type { AcksSetting } from "../../contract/rows/acks-option.ts";
import type { Dialect } from "../../dialect/dialect.ts";
import { domainOf, isSameAddress } from "../../jid/carried.ts";
import { type Element, xml } from "../../xml/element.ts";
import { NS } from "../../xml/namespaces.ts";
import { isAnswer } from "../requests/answers.ts";

/** A way to learn a proof: a ping to another address, or one to the own address that comes back. */
export interface Way {
  readonly kind: "barrier" | "echo";
  readonly to: string;
}

/** An IP address has no parent domain. */
const IP_ADDRESS = /^[\d.]+$/;

/**
 * The ways of a session, the best first. An account asks its server's domain. A service asks the domain above its
 * own, which is often the server's; a domain of one label has none above it. The echo is the last resort, where the
 * dialect allows it.
 */
export function waysOf(
  acks: AcksSetting,
  dialect: Pick<Dialect, "echo">,
  { jid, isService }: { readonly jid: string; readonly isService: boolean },
): Way[] {
  if (acks === false) return [];
  const ways: Way[] = [];
  const to = typeof acks === "object" ? acks.to : isService ? parentOf(jid) : domainOf(jid);
  // A ping to oneself is never answered by the server: it comes back.
  if (to !== undefined && !isSameAddress(to, jid)) ways.push({ kind: "barrier", to });
  if (dialect.echo !== false) ways.push({ kind: "echo", to: jid });
  return ways;
}

function parentOf(domain: string): string | undefined {
  const dot = domain.indexOf(".");
  if (dot < 0 || IP_ADDRESS.test(domain)) return undefined;
  return domain.slice(dot + 1) || undefined;
}

/** The ping to an address. A service, which has no server to ask, says from where it asks. */
export function pingOf(
  { to }: Pick<Way, "to">,
  id: string,
  { jid, isService }: { readonly jid: string; readonly isService: boolean },
): Element {
  const from = isService ? jid : undefined;
  return xml("iq", { type: "get", id, to, from }, xml("ping", { xmlns: NS.ping }));
}

/**
 * Reads an arriving stanza with the ping's id. `proof`: everything before the ping was handled. `bounce`: a hop
 * on the way sent the ping back, which proves only that hop. `stray`: another address has answered.
 *
 *     C: <iq type='get' id='1' to='example.org' from='gw.example.org'>…
 *     S: <iq type='result' id='1' from='example.org' to='gw.example.org'/>    proof; `error` as well
 *     S: <iq type='error' id='1' from='gw.example.org' to='example.org'>…     bounce: not swapped
 */
export function judge(
  { kind, to }: Way,
  ping: Element,
  answer: Element,
  own: string,
): "proof" | "bounce" | "stray" {
  const { from, to: addressee, type } = answer.attrs;
  const isFromUs = from === undefined || isSameAddress(from, own);
  if (kind === "echo") {
    const isForUs = addressee === undefined || isSameAddress(addressee, own);
    return isFromUs && isForUs ? "proof" : "stray";
  }
  if (isAnswer(ping, answer, own)) return "proof";
  return type === "get" || (isFromUs && isSameAddress(addressee, to)) ? "bounce" : "stray";
}
