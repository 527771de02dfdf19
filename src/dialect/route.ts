import { BrokerError } from "../base/errors.ts";
import { jid } from "../jid/jid.ts";
import { routerAnswer } from "../negotiate/router-bind.ts";
import { Element, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import type { Inbound } from "./dialect.ts";
import { fromOwnDomain, isStanza } from "./own-domain.ts";

/** What the router means by the codes on an envelope that comes back. */
const REASONS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    "400": "the envelope has no `to`",
    "401": "the envelope's `from` is not bound here",
    "404": "nobody is there",
  }),
);

/**
 * Puts a stanza into its envelope: from the bound name that is the domain of its `from`, to the
 * domain of its `to`. What is in the component namespace already, the caller's own `<route/>` for
 * one, goes unchanged. Ends in `FOREIGN_FROM`, `MISSING_TO`, `BAD_JID`.
 *
 *     <route from='echo.localhost' to='localhost'><message xmlns='jabber:client' …/></route>
 */
export function wrap(given: Element, names: readonly [string, ...string[]]): Element {
  if (given.ns === NS.jabberd2) return given;
  const { stanza, domain } = fromOwnDomain(given, names);
  const to = jid(stanza.attrs.to ?? "").domain;
  return xml(
    "route",
    { xmlns: NS.jabberd2, from: domain, to },
    inClient(isStanza(given) ? stanza : given),
  );
}

/**
 * Takes a stanza out of its envelope. An envelope with `error` brings back one of ours. What the
 * router says by itself (who is there: `<presence from='c2s'/>`) has none and is seen as it is, and
 * so is a copy for the log, `type='log'`: what is in it was meant for somebody else, and must be
 * neither answered nor taken for an answer.
 */
export function unwrap(element: Element): Inbound {
  if (!element.is("route", NS.jabberd2) || element.attrs.type === "log") return { stanza: element };
  const [stanza, second] = element.childrenOf();
  if (stanza === undefined || second !== undefined) return { stanza: element };
  const { error } = element.attrs;
  if (error === undefined) return { stanza, route: element };
  return { stanza, route: element, returned: notRouted(error) };
}

/** A stanza without a namespace of its own has its parent's: in the envelope it needs to say which. */
function inClient(stanza: Element): Element {
  if (stanza.ns !== undefined) return stanza;
  const { name, attrs, prefixes, children } = stanza;
  return new Element(name, NS.client, attrs, prefixes, children);
}

function notRouted(code: string): BrokerError {
  const detail = routerAnswer(code, REASONS);
  return new BrokerError("NOT_ROUTED", detail, { retryable: code === "404" });
}
