import { Element, xml } from "../../../xml/element.ts";
import { NS } from "../../../xml/namespaces.ts";
import type { Connection } from "../connection.ts";
import type { Header } from "../header.ts";
import { type Host, insistsOnTls, limitsFeature, startTls, startTlsFeature } from "../host.ts";
import { isStanza, withAttributes } from "../routing/stanza.ts";
import { envelope, type RouterParty } from "../routing/switchboard.ts";
import { authenticate, mechanismsFeature } from "../sasl/sasl.ts";
import { StreamRefusal } from "../stream-refusal.ts";

/** The realm of the router. It does not depend on the domain. */
const REALM = "jabberd-router";

/** How often a service may try to log in on one stream. */
const ATTEMPTS = 5;

/** A stream of jabberd2's router protocol: STARTTLS, DIGEST-MD5, names to bind, envelopes. */
export async function jabberd2Stream(connection: Connection, host: Host): Promise<never> {
  await logIn(connection, host);
  const service = new RouterService(connection, host);
  try {
    for (;;) service.receive(await connection.next());
  } finally {
    service.leave();
  }
}

async function logIn(connection: Connection, host: Host): Promise<void> {
  const mechanisms = ["DIGEST-MD5"] as const;
  const { router } = host.settings;
  await openStream(connection, host);
  for (let attempts = 0; attempts < ATTEMPTS; ) {
    const element = await connection.next();
    if (element.is("starttls", NS.tls)) {
      await startTls(connection, host);
      await openStream(connection, host);
    } else if (element.is("auth", NS.sasl) && !insistsOnTls(connection, host)) {
      const username = await authenticate(connection, element, {
        mechanisms,
        accounts: {
          realm: REALM,
          digestUri: undefined,
          find: (name) => (router !== undefined && name === router.username ? router : undefined),
        },
        proofInSuccess: true,
      });
      if (username !== undefined) {
        connection.restart(host.settings.maxBytes);
        connection.open((await readHeader(connection)).to, "1.0");
        connection.features(limitsFeature(host));
        return;
      }
      attempts++;
    }
    // Anything else before the login is dropped without a word, as the router does.
  }
  throw new StreamRefusal("policy-violation", "Too many attempts to log in");

  async function openStream(connection: Connection, host: Host): Promise<void> {
    const header = await readHeader(connection);
    connection.open(header.to, header.modern ? "1.0" : undefined);
    // A stream without a version gets no features, and so gets nowhere.
    if (!header.modern) return;
    connection.features(
      startTlsFeature(connection, host),
      insistsOnTls(connection, host) ? undefined : mechanismsFeature(mechanisms),
    );
  }
}

async function readHeader(connection: Connection): Promise<Header> {
  const header = await connection.header();
  // jabberd2's own services declare no namespace for their streams, only for each element.
  if (header.contentNamespace !== NS.jabberd2 && header.contentNamespace !== "") {
    throw new StreamRefusal("invalid-namespace");
  }
  return header;
}

/** A service that is logged in, with the names it has bound. */
class RouterService implements RouterParty {
  readonly #connection: Connection;
  readonly #host: Host;
  readonly #names = new Set<string>();
  /** The names that were bound with `<log/>`. */
  readonly #logNames = new Set<string>();
  /** The name that was bound with `<default/>`. */
  #defaultName: string | undefined;

  constructor(connection: Connection, host: Host) {
    this.#connection = connection;
    this.#host = host;
  }

  deliver(stanza: Element): void {
    const { switchboard } = this.#host;
    const from = switchboard.domainOf(stanza.attrs.from) ?? switchboard.domain;
    this.route(envelope(stanza, from, switchboard.domainOf(stanza.attrs.to) ?? ""));
  }

  route(route: Element): void {
    this.#connection.send(route);
  }

  announce(name: string, there: boolean): void {
    this.#connection.send(xml("presence", { from: name, type: there ? null : "unavailable" }));
  }

  receive(element: Element): void {
    const { address = "", cost } = this.#connection;
    this.#host.received.add(address, element, cost);
    if (element.is("bind", NS.jabberd2)) this.#bind(element);
    else if (element.is("unbind", NS.jabberd2)) this.#unbind(element);
    else if (element.is("route", NS.jabberd2)) this.#forward(element);
    // A stanza without an envelope, or anything else, is dropped without a word.
  }

  /** Gives up everything it had. */
  leave(): void {
    const { switchboard } = this.#host;
    switchboard.routers.delete(this);
    switchboard.logs.delete(this);
    if (switchboard.fallback === this) switchboard.fallback = undefined;
    for (const name of this.#names) switchboard.unbind(name, this);
  }

  /**
   *     C: <bind name='svc.example.org' id='1'><log/></bind>
   *        ^ here
   *     S: <bind id='1'><log/></bind>, or <bind error='409' id='1'><log/></bind>
   */
  #bind(bind: Element): void {
    this.#connection.enter("bind");
    const { switchboard } = this.#host;
    const { name = "", multi } = bind.attrs;
    const isDefault = bind.child("default") !== undefined;
    const error = this.#whyNot(name, multi !== undefined, isDefault);
    this.#connection.send(answered(bind, error));
    if (error !== undefined) return;
    this.#connection.enter("ready");
    if (isDefault) {
      switchboard.fallback = this;
      this.#defaultName = name;
    }
    if (bind.child("log") !== undefined) {
      switchboard.logs.add(this);
      this.#logNames.add(name);
    }
    this.#names.add(name);
    this.#connection.address ??= name;
    switchboard.routers.add(this);
    switchboard.bind(name, this);
    for (const other of [switchboard.domain, ...switchboard.names]) {
      if (!this.#names.has(other)) this.announce(other, true);
    }
  }

  /** Why a name cannot be bound: malformed (400), not allowed (403), taken (409). */
  #whyNot(name: string, shared: boolean, isDefault: boolean): string | undefined {
    const { settings, switchboard } = this.#host;
    if (name === "" || switchboard.domainOf(name) !== name) return "400";
    const { names } = settings.router ?? {};
    const reserved = settings.components.has(name);
    if (reserved || (names !== undefined && !names.includes(name))) return "403";
    if (isDefault && switchboard.fallback !== undefined) return "409";
    const mayShare = shared && !this.#names.has(name) && name !== switchboard.domain;
    return switchboard.holds(name) && !mayShare ? "409" : undefined;
  }

  /** Gives a name back, and the default route and the log that were bound with it. */
  #unbind(unbind: Element): void {
    const { switchboard } = this.#host;
    const { name = "" } = unbind.attrs;
    const isName = name !== "" && switchboard.domainOf(name) === name;
    const wasBound = this.#names.delete(name);
    if (wasBound) switchboard.unbind(name, this);
    if (this.#logNames.delete(name) && this.#logNames.size === 0) switchboard.logs.delete(this);
    if (this.#defaultName === name) {
      this.#defaultName = undefined;
      switchboard.fallback = undefined;
    }
    this.#connection.send(answered(unbind, wasBound ? undefined : isName ? "404" : "400"));
  }

  /**
   *     C: <route from='svc.example.org' to='example.org'><message …/></route>
   *        ^ here: goes where it says, or comes back with an error
   */
  #forward(route: Element): void {
    const { from = "", to = "", type, error } = route.attrs;
    const { switchboard } = this.#host;
    // An envelope that has come back is never sent back again.
    if (error !== undefined) return;
    if (!this.#names.has(from)) this.#returned(route, "401");
    else if (type === "broadcast") {
      for (const router of switchboard.routers) if (router !== this) router.route(route);
    } else if (to === "") this.#returned(route, "400");
    else this.#send(route, from, to);
  }

  #send(route: Element, from: string, to: string): void {
    const { switchboard } = this.#host;
    const [stanza] = route.childrenOf();
    const holder = switchboard.holder(to, stanza?.attrs.to);
    const party = holder ?? (switchboard.holds(to) ? undefined : switchboard.fallback);
    if (party?.route !== undefined) {
      switchboard.copy(route);
      party.route(route);
    } else if (!switchboard.holds(to)) this.#returned(route, "404");
    // Beyond the router a stanza is one only in `jabber:client`.
    else if (stanza === undefined || !isStanza(stanza)) this.#returned(route, "400");
    else switchboard.send(withAttributes(stanza, { from, to, ...stanza.attrs }));
  }

  #returned(route: Element, error: string): void {
    this.route(withAttributes(route, { error }));
  }
}

/**
 * The answer to a bind or an unbind: the element itself, without its `name`, and with the error. A
 * name that is none (400) comes back too. So jabberd2 2.7.0 answers; the ancestor waits for its `id`.
 */
function answered(request: Element, error: string | undefined): Element {
  const attrs = Object.assign(xml("", { error }).attrs, request.attrs);
  if (error !== undefined) attrs.error = error;
  if (error !== "400") delete attrs.name;
  return new Element(request.name, request.ns, attrs, request.prefixes, request.children);
}
