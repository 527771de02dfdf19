import type { Crypto } from "../base/crypto/crypto.ts";
import { BrokerError } from "../base/errors.ts";
import type { StreamHeader } from "../stream/header.ts";
import type { TlsFacts, TlsPolicy } from "../transport/tls-facts.ts";
import type { Element } from "../xml/element.ts";
import type { NegotiationEvents } from "./events.ts";
import type { Memory } from "./memory.ts";

/** Facts about a secret beside a report. The broker tells them to no listener. */
export interface Disclosure {
  /**
   * With `auth:start`: the mechanism shows the server a secret that can be used again, such as a password
   * or a token. Default `true`. From then on until the login is over, neither errors nor the trace repeat
   * the server's words: they may repeat the secret.
   */
  readonly reveals?: boolean | undefined;
  /** With `auth:success`: the secret that was shown. No later error repeats words that contain it. */
  readonly secret?: string | undefined;
}

/** The settings of the broker that a dialect may need. */
export interface LoginSettings {
  /** The TLS policy in force, after the dialect's default. */
  readonly tls: TlsPolicy;
  /** The host connected to. */
  readonly host: string;
  /** The port connected to. */
  readonly port: number;
  /** The number of the login attempt since the broker was last ready, from 1. */
  readonly attempt: number;
  /** How much of stream management (XEP-0198) is wanted: nothing, acknowledgements, or resumption as well. */
  readonly management: "none" | "acks" | "resume";
}

/** A session that a login may resume (XEP-0198, 5). */
export interface Previous {
  /** The id that the server gave the session. */
  readonly id: string;
  /** How many stanzas of the server's were handled. */
  readonly h: number;
  /** The address that was bound. */
  readonly jid: string;
  /** How long the server keeps the session, in seconds. */
  readonly max: number | undefined;
  /** Where the server wants to be resumed. */
  readonly location: string | undefined;
}

/** A session that waits to be resumed. */
export interface Resuming {
  /** Its facts. */
  readonly previous: Previous | undefined;
  /** The server goes on with it, having handled so many stanzas of ours. */
  resumed(h: number): void;
  /** The login sends a ping with this id. Over a later link its answer may come again. */
  pinged(id: string): void;
}

/** The facts about stream management (XEP-0198) that a login has learnt. */
export interface Management {
  /** The id to resume with; `undefined`: it cannot be resumed. */
  readonly id?: string | undefined;
  /** How long the server keeps the session, in seconds. */
  readonly max?: number | undefined;
  /** Where the server wants to be resumed. */
  readonly location?: string | undefined;
  /** How many stanzas of ours the server has handled in the session that is gone, from `<failed/>`. */
  readonly h?: number | undefined;
  /** `false`: the new session has no stream management, and only `h` is meant. Default `true`. */
  readonly enabled?: boolean | undefined;
}

/** The result of a login: facts only, from which the session is made. */
export interface LoginResult {
  /** The address in force: full JID, the component's domain, or the first name bound. */
  readonly jid: string;
  /** True if `previous` goes on: the same session over a new link. Default `false`. */
  readonly resumed?: boolean | undefined;
  /** The stream management that was settled on, where there is any. */
  readonly management?: Management | undefined;
  /**
   * The largest element that the server takes, in bytes, where it says so (XEP-0478). Larger stanzas are not sent.
   * A whole number of at least 1, else the login ends in `BAD_OPTION`.
   */
  readonly maxBytes?: number | undefined;
  /**
   * The seconds without a sign of ours after which the server takes the stream for idle, where it says so (XEP-0478).
   * The broker probes the stream before that, unless `keepAlive` is `false`. A whole number of at least 1, else the
   * login ends in `BAD_OPTION`.
   */
  readonly idleSeconds?: number | undefined;
  /** True if the server wants to know whether the client is in use (XEP-0352): `setActive` tells it. Default `false`. */
  readonly takesActivity?: boolean | undefined;
}

/**
 * The stream as a dialect sees it while it negotiates. Elements are pulled, so that a login reads from
 * top to bottom. A rejection here (deadline, end of the connection, stream error, bad XML) carries the
 * code for the caller of `connect`: let it pass.
 */
export interface Login {
  /** The session to resume (XEP-0198, 5), where there is one. */
  readonly previous: Previous | undefined;
  /** The target of the connection, and the TLS policy. */
  readonly settings: LoginSettings;
  /** The runtime's random bytes, digests and the like. */
  readonly crypto: Crypto;
  /** The best protection that logins of this broker have had: a dialect accepts no less. */
  readonly memory: Memory;
  /** Aborted when the attempt is over for any reason. */
  readonly signal: AbortSignal;
  /** The facts of TLS, once the connection is protected. */
  readonly tls: TlsFacts | undefined;
  /**
   * True if this login has shown the server a secret, or may have. Then an error must not repeat the
   * server's words. The errors of `next` and `open` repeat none.
   */
  readonly revealed: boolean;
  /**
   * Sends a stream header (the first, or a restart: the parser starts anew) and waits for the
   * server's. `attributes` are added to `to`, `version` and the namespaces; `undefined` removes one,
   * as `{ version: undefined }`.
   */
  open(attributes?: Readonly<Record<string, string | undefined>>): Promise<StreamHeader>;
  /** The next element, which must be `<stream:features/>`; else `PROTOCOL_ERROR`. */
  features(): Promise<Element>;
  /** The next element, of any kind. */
  next(): Promise<Element>;
  /**
   * Gives up a stream whose header or first element cannot be used: rejects with the server's own reason if one
   * follows within half a second, else with this error.
   */
  refuse(error: BrokerError): Promise<never>;
  /**
   * Keeps an element that is no part of the login; it is delivered, in order, once ready. Ends in
   * `POLICY_VIOLATION` beyond 1,000 elements or `inbox.bytes`; in a session that goes on only beyond `inbox.bytes`.
   */
  defer(element: Element): void;
  /** From here on arriving stanzas count (XEP-0198, 4); call it as `<enabled/>` is read. */
  counted(): void;
  /**
   * The server goes on with `previous`, and has handled `h` stanzas of ours (XEP-0198, 5); call it as `<resumed/>` is
   * read. Then send one iq, and return when it is answered: it proves that the server reads on, and it counts. The
   * other stanzas are written again once `negotiate` has returned. Ends in `PROTOCOL_ERROR` for an `h` that cannot be
   * true.
   */
  resumed(h: number): void;
  /** Begins a step that has no events, with the deadline `timeouts.bind`. The step that begins next ends it. */
  enter(step: "enable" | "resume"): void;
  /** Writes an element. */
  send(element: Element): void;
  /** Puts TLS on the connection (after `<proceed/>`). Bytes already received in clear are a `PROTOCOL_ERROR`. */
  secure(): Promise<TlsFacts>;
  /**
   * Reports progress. `…:start` begins that step and its deadline (`tls`, `auth`, `bind`), `…:success`
   * ends it. The broker reports the failure of the step in force when `negotiate` rejects.
   * `disclosure` says whether a secret was shown: a mechanism that shows none says `{ reveals: false }`
   * with `auth:start`.
   */
  report<E extends keyof NegotiationEvents>(
    event: E,
    payload: NegotiationEvents[E],
    disclosure?: Disclosure,
  ): void;
}

/** The error for an element out of place: `<presence> came in answer to <starttls>`. */
export function unexpected({ name }: Element, where: string): BrokerError {
  return new BrokerError("PROTOCOL_ERROR", `<${name}> came ${where}`);
}
