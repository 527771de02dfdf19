import { BrokerError } from "../base/errors.ts";
import { domainOf, isInDomain } from "../jid/carried.ts";
import { routerAnswer } from "../negotiate/router-bind.ts";
import { isStanza } from "../stream/stanza.ts";
import { Element, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import type { Inbound } from "./dialect.ts";
import { fromOwnDomain } from "./own-domain.ts";

/** The meaning of the codes on an envelope that comes back. */
const REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "400": "the envelope has no `to`",
    "401": "the envelope's `from` is not bound here",
    "404": "nobody is there",
  }),
);

/**
 * Puts a stanza into its envelope. The envelope is from the bound name that is the domain of the
 * stanza's `from`, and to the domain of its `to`. An element in the component namespace, such as the
 * caller's own `<route/>`, goes unchanged. Ends in `FOREIGN_FROM`, `MISSING_TO`, `BAD_JID`.
 *
 *     <route from='echo.localhost' to='localhost'><message xmlns='jabber:client' …/></route>
 */
export function wrap(given: Element, names: readonly [string, ...string[]]): Element {
  if (given.ns === NS.jabberd2) return given;
  const { stanza, domain } = fromOwnDomain(given, names);
  const to = domainOf(stanza.attrs.to ?? "");
  return xml(
    "route",
    { xmlns: NS.jabberd2, from: domain, to },
    inClient(isStanza(given) ? stanza : given),
  );
}

/**
 * Takes a stanza out of its envelope. An envelope with `error` brings back one of ours. Without an
 * envelope comes what the router says by itself (a name is bound: `<presence from='c2s'/>`): it is
 * seen as it is. So is a copy for the log, `type='log'`: its stanza is for somebody else, and must be
 * neither answered nor taken for an answer.
 *
 * The router checks only that the sender has bound the envelope's `from`. So the addresses of the
 * stanza must be in the domains that the envelope names, or the stanza is `dropped`. Only the `relays`
 * may send for others.
 */
export function unwrap(element: Element, relays: readonly string[]): Inbound {
  if (!element.is("route", NS.jabberd2) || element.attrs.type === "log") return { stanza: element };
  const [stanza, second] = element.childrenOf();
  if (stanza === undefined || second !== undefined) return { stanza: element };
  const { from = "", error } = element.attrs;
  if (error !== undefined) return { stanza, route: element, returned: notRouted(error) };
  const dropped = relays.includes(from) ? undefined : forged(element, stanza);
  return dropped === undefined ? { stanza, route: element } : { stanza, route: element, dropped };
}

/** The error for a stanza with an address that its envelope does not bear out. */
function forged(route: Element, { attrs }: Element): BrokerError | undefined {
  const { from = "", to = "" } = route.attrs;
  if (attrs.from !== undefined && !isInDomain(attrs.from, from)) {
    const detail = `from ${attrs.from} in an envelope from ${from}, which is none of the relays`;
    return new BrokerError("MISADDRESSED", detail);
  }
  if (attrs.to === undefined || isInDomain(attrs.to, to)) return undefined;
  return new BrokerError("MISADDRESSED", `to ${attrs.to} in an envelope to ${to}`);
}

/** A stanza without a namespace of its own has its parent's, so in the envelope it is given one. */
function inClient(stanza: Element): Element {
  if (stanza.ns !== undefined) return stanza;
  const { name, attrs, prefixes, children } = stanza;
  return new Element(name, NS.client, attrs, prefixes, children);
}

function notRouted(code: string): BrokerError {
  const detail = routerAnswer(code, REASONS);
  return new BrokerError("NOT_ROUTED", detail, { retryable: code === "404" });
}
