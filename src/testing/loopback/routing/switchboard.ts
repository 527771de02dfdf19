import type { Jid } from "../../../jid/jid.ts";
import { type Element, xml } from "../../../xml/element.ts";
import { NS } from "../../../xml/namespaces.ts";
import type { Addresses } from "../addresses.ts";
import { errorOf, isRequest, resultOf, type StanzaCondition, withAttributes } from "./stanza.ts";

const DISCO_INFO = "http://jabber.org/protocol/disco#info";
const DISCO_ITEMS = "http://jabber.org/protocol/disco#items";

/** A receiver of stanzas (in `jabber:client`). */
export interface Party {
  deliver(stanza: Element): void;
  /** Delivers an envelope of jabberd2's router as it is; only its services know envelopes. */
  route?(envelope: Element): void;
}

/** A client with a bound resource. */
export interface ClientParty extends Party {
  readonly jid: Jid;
  /** Its last own presence; `undefined`: it has not sent one. */
  presence: { readonly available: boolean; readonly priority: number } | undefined;
  /** True while it has no connection, and its session waits to be resumed (XEP-0198, 5). */
  readonly isWaiting: boolean;
  /** Ends it: another stream has taken its address. */
  replace(): void;
}

/** A stream of jabberd2's router, which knows envelopes and hears of names. */
export interface RouterParty extends Party {
  route(envelope: Element): void;
  /** Announces that a name was bound, or was given back. */
  announce(name: string, there: boolean): void;
}

/**
 * The table of receivers: the clients of the server's own domain by account and resource,
 * components and router services by the names that they hold.
 */
export class Switchboard {
  readonly domain: string;
  /** Router streams that hold a name. */
  readonly routers = new Set<RouterParty>();
  /** Router streams that get a copy of everything. */
  readonly logs = new Set<RouterParty>();
  /** The router stream that gets stanzas for unknown names. */
  fallback: RouterParty | undefined;
  readonly #accounts = new Map<string, Map<string, ClientParty>>();
  readonly #names = new Map<string, Party[]>();
  readonly #addresses: Addresses;

  constructor(domain: string, addresses: Addresses) {
    this.domain = domain;
    this.#addresses = addresses;
  }

  /** The client with that full address. */
  client(address: Jid): ClientParty | undefined {
    return this.#accounts.get(address.bare)?.get(address.resource ?? "");
  }

  /** Puts a client on the board, in place of one with the same address. */
  join(party: ClientParty): void {
    const resources = this.#accounts.get(party.jid.bare) ?? new Map<string, ClientParty>();
    this.#accounts.set(party.jid.bare, resources.set(party.jid.resource ?? "", party));
  }

  /** Takes a client off; its other resources hear that it is unavailable. */
  leave(party: ClientParty): void {
    const resources = this.#accounts.get(party.jid.bare);
    if (resources?.get(party.jid.resource ?? "") !== party) return;
    resources.delete(party.jid.resource ?? "");
    if (resources.size === 0) this.#accounts.delete(party.jid.bare);
    if (party.presence?.available) this.#broadcast(party, xml("presence", { type: "unavailable" }));
  }

  /** Notes a client's own presence and tells all its account's available resources, itself too. */
  setPresence(party: ClientParty, presence: Element): void {
    const { type } = presence.attrs;
    if (type !== undefined && type !== "unavailable") return;
    const priority = Number.parseInt(presence.childText("priority") ?? "0", 10) || 0;
    party.presence = { available: type === undefined, priority };
    this.#broadcast(party, presence);
    if (type === "unavailable") party.deliver(address(presence, party.jid.full, party.jid.full));
  }

  /** The names taken by components and router services. */
  get names(): readonly string[] {
    return [...this.#names.keys()];
  }

  /** True if the name is taken. */
  holds(name: string): boolean {
    return name === this.domain || this.#names.has(name);
  }

  /** Gives a name to a party; if it has holders already, it is shared. */
  bind(name: string, party: Party): void {
    const holders = this.#names.get(name) ?? [];
    this.#names.set(name, [...holders, party]);
    if (holders.length === 0) this.#announce(name, true, party);
  }

  unbind(name: string, party: Party): void {
    const holders = (this.#names.get(name) ?? []).filter((holder) => holder !== party);
    if (holders.length > 0) this.#names.set(name, holders);
    else if (this.#names.delete(name)) this.#announce(name, false, party);
  }

  /** The holder of a name. If several share it, the same address always gets the same one. */
  holder(name: string, to: string | undefined): Party | undefined {
    const holders = this.#names.get(name) ?? [];
    let sum = 0;
    for (const character of this.#read(to)?.bare ?? "") sum += character.codePointAt(0) ?? 0;
    return holders[sum % (holders.length || 1)];
  }

  /** Takes a stanza (in `jabber:client`, with `from` and `to`) to where it belongs, or answers it. */
  send(given: Element): void {
    const to = this.#read(given.attrs.to);
    const from = this.#read(given.attrs.from);
    if (to === undefined) {
      this.bounce(given, "jid-malformed");
      return;
    }
    const stanza =
      this.#addresses.rewrites && from !== undefined ? address(given, from.full, to.full) : given;
    if (this.logs.size > 0) this.copy(envelope(stanza, from?.domain ?? "", to.domain));
    if (to.domain !== this.domain) this.#toName(stanza, to);
    else if (to.local === undefined) this.answer(stanza);
    else this.#toAccount(stanza, to);
  }

  /** Gives a copy of an envelope to each service that bound a name with `<log/>`. */
  copy(route: Element): void {
    for (const log of this.logs) log.route(withAttributes(route, { type: "log" }));
  }

  /** The domain of an address, if it is one. */
  domainOf(address: string | undefined): string | undefined {
    return this.#read(address)?.domain;
  }

  /** Sends back an error, where one may be sent. */
  bounce(stanza: Element, condition: StanzaCondition): void {
    const error = errorOf(stanza, condition);
    if (error !== undefined && this.#read(error.attrs.to) !== undefined) this.send(error);
  }

  /** Answers a stanza that is for the server itself, or for an account. */
  answer(stanza: Element): void {
    if (stanza.name === "presence") return;
    if (isRequest(stanza) && stanza.attrs.type === "get") {
      const result = this.#result(stanza);
      if (result !== undefined) {
        this.send(result);
        return;
      }
    }
    this.bounce(stanza, "service-unavailable");
  }

  #result(request: Element): Element | undefined {
    if (request.child("ping", NS.ping)) return resultOf(request);
    if (this.#read(request.attrs.to)?.full !== this.domain) return undefined;
    if (request.child("query", DISCO_INFO)) {
      const features = [DISCO_INFO, DISCO_ITEMS, NS.ping];
      return resultOf(
        request,
        xml(
          "query",
          { xmlns: DISCO_INFO },
          xml("identity", { category: "server", type: "im", name: "loopback" }),
          ...features.map((feature) => xml("feature", { var: feature })),
        ),
      );
    }
    if (request.child("query", DISCO_ITEMS)) {
      const items = this.names.map((name) => xml("item", { jid: name }));
      return resultOf(request, xml("query", { xmlns: DISCO_ITEMS }, ...items));
    }
    return undefined;
  }

  #toName(stanza: Element, to: Jid): void {
    const party = this.holder(to.domain, stanza.attrs.to) ?? this.fallback;
    if (party === undefined) this.bounce(stanza, "service-unavailable");
    else party.deliver(stanza);
  }

  /** RFC 6121, section 8.5, without rosters and offline storage. */
  #toAccount(stanza: Element, to: Jid): void {
    const client = to.resource === undefined ? undefined : this.client(to);
    if (client !== undefined) {
      client.deliver(stanza);
      return;
    }
    const type = stanza.attrs.type ?? "normal";
    if (stanza.name === "iq" && to.resource === undefined) this.answer(stanza);
    else if (stanza.name === "presence") {
      if (to.resource === undefined) this.#toAvailable(stanza, to);
    } else if (stanza.name === "message" && (type === "normal" || type === "chat")) {
      const best = this.#best(to);
      if (best === undefined) this.bounce(stanza, "service-unavailable");
      else best.deliver(stanza);
    } else if (type === "headline") this.#toAvailable(stanza, to);
    else this.bounce(stanza, "service-unavailable");
  }

  #toAvailable(stanza: Element, to: Jid): void {
    for (const client of this.#clients(to)) if (client.presence?.available) client.deliver(stanza);
  }

  /** The available client of the highest priority, never a negative one; else one that has sent no presence. */
  #best(to: Jid): ClientParty | undefined {
    const rank = ({ presence }: ClientParty): number => {
      if (presence === undefined) return -0.5;
      return presence.available ? presence.priority : -1;
    };
    const [best] = this.#clients(to)
      .filter((client) => rank(client) > -1)
      .sort((left, right) => rank(right) - rank(left));
    return best;
  }

  #clients(account: Jid): ClientParty[] {
    return [...(this.#accounts.get(account.bare)?.values() ?? [])];
  }

  #broadcast(party: ClientParty, presence: Element): void {
    for (const other of this.#clients(party.jid)) {
      if (!other.presence?.available) continue;
      other.deliver(address(presence, party.jid.full, other.jid.full));
    }
  }

  #read(text: string | undefined): Jid | undefined {
    return text === undefined ? undefined : this.#addresses.read(text);
  }

  #announce(name: string, there: boolean, holder: Party): void {
    for (const router of this.routers) if (router !== holder) router.announce(name, there);
  }
}

/** An envelope of jabberd2's router around a stanza. */
export const envelope = (stanza: Element, from: string, to: string): Element =>
  xml("route", { xmlns: NS.jabberd2, from, to }, stanza);

const address = (stanza: Element, from: string, to: string): Element =>
  withAttributes(stanza, { from, to });
