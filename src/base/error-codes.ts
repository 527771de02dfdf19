/*
 * The table of error codes. Each row gives the code, its meaning in a message, and, as its doc comment, its section
 * of `docs/errors.md`. A new code is one row.
 */

/** Wrong options and arguments. */
export const ARGUMENT_CODES = {
  /**
   * An option or an argument has a value that cannot be used, or its name is unknown. The message says which one it
   * is, what was wanted, and what was given. Correct it. Not retryable.
   */
  BAD_OPTION: "an option cannot be used",
  /**
   * A text is not a valid address: a part is empty, is too long, or holds a forbidden character. The message says
   * which part is wrong. `jid` and `jid.of` accept what RFC 7622 allows. A component's `from`, and the address that a
   * dialect of your own has bound, may also be what servers allow (nodeprep, resourceprep). Only the domain of a `to`
   * is read, and only on `jabberd2`. `escapeLocal` refuses a text that begins or ends with a space. A bad address
   * among the options of a dialect is a `BAD_OPTION`. Not retryable.
   */
  BAD_JID: "the address is not valid",
  /**
   * `connect` was called for another address while the broker is connecting to the first. Wait for that connection,
   * call `shutdown` first, or use `reconnect`, which drops it. (When the broker is ready, `connect` resolves with the
   * existing connection for any address.) Not retryable as it stands.
   */
  BUSY: "the broker is already connecting elsewhere",
  /**
   * The expression of a filter is not XPath 1.0, or it uses a prefix or a variable that was not given. `expression`
   * and `offset` say where. Not retryable.
   */
  XPATH_SYNTAX: "the XPath cannot be used",
  /**
   * The evaluation of an expression took more steps than allowed. The limit protects you from expressions whose cost
   * explodes, and from stanzas that are made to be dear. Rewrite the expression without stacked `//` or nested
   * predicates. The filters of a broker share the steps of a stanza: where the message says that those are used up,
   * make the other filters cheaper too. [filters.md](filters.md#errors-and-bounds) has the figures. Not retryable.
   */
  XPATH_LIMIT: "the XPath takes too many steps",
} as const;

/** The server is not reached. */
export const REACHING_CODES = {
  /**
   * The domain's SRV records say "not here", none of its endpoints can be used under the TLS policy, there are more
   * than 100, or the lookup failed (DNS, host-meta); `cause` is its error. Check the domain, or give `host`. Retryable
   * where the lookup itself failed.
   */
  LOOKUP_FAILED: "the server was not found",
  /**
   * The host has no address, or none of its addresses accepted the connection; `cause` is the system's error. Check
   * `host` and `port`, and check that the server runs. Retryable. By BOSH it is also an HTTP status other than 200, or a
   * redirect, in answer to the first request; then retryable only for the statuses 408, 425, 429 and from 500 on.
   */
  CONNECT_FAILED: "the server was not reached",
  /** The server did not answer within `timeouts.connect`. A firewall that drops packets looks like this. Retryable. */
  TIMEOUT_CONNECT: "the connection took too long",
  /**
   * STARTTLS or the handshake did not finish within `timeouts.tls`. Direct TLS to a port that speaks in clear looks
   * like this too. Retryable.
   */
  TIMEOUT_TLS: "the TLS handshake took too long",
  /**
   * The server accepted the connection, but its stream header or its features did not come within `timeouts.stream`.
   * A port of another protocol looks like this. Retryable.
   */
  TIMEOUT_STREAM: "opening the stream took too long",
  /**
   * Authentication did not finish within `timeouts.auth`. The time that your password function takes counts.
   * Retryable.
   */
  TIMEOUT_AUTH: "authentication took too long",
  /** Binding the address or opening a session did not finish within `timeouts.bind`. Retryable. */
  TIMEOUT_BIND: "binding took too long",
  /**
   * The handshake failed; `cause` says why. Most often the certificate is not trusted, has expired, or is for another
   * name. Trust a private authority with `tls.ca`, give the certificate's name with `tls.servername`, correct
   * `tls.pins`. No option turns the check off. Retryable only where the connection was lost during the handshake.
   */
  TLS_FAILED: "TLS failed",
  /** The server insists on TLS, and `tls: "plaintext"` forbids it. Choose another policy. Not retryable. */
  TLS_REQUIRED: "the server insists on TLS",
  /**
   * The policy is `required`, and the server offers no STARTTLS. The server is misconfigured, or an attacker on the
   * way has removed the offer. Use `tls: "plaintext"` or `"opportunistic"` only where you know that the path is safe.
   * Not retryable.
   */
  TLS_UNAVAILABLE: "the server offers no TLS",
} as const;

/** The login fails. */
export const LOGIN_CODES = {
  /**
   * The server refused the credentials, and `condition` says how (`not-authorized` is usual). Or it accepted them
   * without the proof that the mechanism asks of it; or your password function failed, and `cause` is its error. The
   * broker tries once: a wrong password does not become right, and servers lock accounts. Not retryable, except where
   * the server called the failure temporary (`temporary-auth-failure`), and where your function threw, since
   * the server was not asked then.
   */
  AUTH_FAILED: "authentication failed",
  /**
   * The server offers no mechanism that may be used. It offers only mechanisms that this library does not have; or
   * only PLAIN, without TLS; or PLAIN beside a SCRAM that this library does not have (name PLAIN in `mechanisms` to
   * use it all the same); or none of those that `mechanisms` names. The message lists the offer. Not retryable.
   */
  NO_MECHANISM: "the server offers no usable mechanism",
  /**
   * The server offers less than it did at an earlier login of this broker: no mechanism in which it proves that it
   * knows the password, where it had one; only the password itself, where a digest was enough; or no TLS under
   * `opportunistic`, where it had TLS. An attacker on the way who removes offers looks like this, so the password
   * was not sent. If the server really was changed, make a new `Broker`: a broker remembers the best login for as
   * long as it lives. Not retryable.
   */
  DOWNGRADE: "the server offers less protection than before",
  /**
   * The server refused the address: the resource or the name is taken, or you may not have it. Where a client's
   * resource is taken, the broker tries once more with a random one. Retryable where the condition passes by itself:
   * the name may be free later.
   */
  BIND_FAILED: "the server refused the address",
  /** The server insists on a session and refused to open it; `cause` is its error. Retryable where that error is. */
  SESSION_FAILED: "the server refused the session",
} as const;

/** The stream ends. */
export const STREAM_CODES = {
  /**
   * The server ended the stream with an error. `condition` is the condition of RFC 6120, 4.9.3, by BOSH also one of
   * XEP-0124, 17.2 ([bosh.md](bosh.md#ends) has all), and `text` holds the
   * server's own words. With `conflict`, another connection took this address: `reconnect` ends there. With `see-other-host`, `otherHost`
   * says where to go, perhaps with a port; the broker follows where the option `reconnect` is set, and else
   * `reconnect({ host, port })` does.
   * With `host-unknown`, check the domain. With `not-authorized` on a component, the secret is wrong. Retryable where
   * the condition passes by itself, such as `system-shutdown` and `reset`. A `conflict` while a component logs in is
   * retryable too: most often a dead connection of your own still holds the name, until the server gives it up.
   */
  STREAM_ERROR: "the server ended the stream",
  /**
   * The server sent something out of place: an element that the negotiation does not expect, or clear text after it
   * agreed to TLS. Check that host, port and dialect belong together. Not retryable.
   */
  PROTOCOL_ERROR: "the server broke the protocol",
  /**
   * The connection ended, and your program did not end it. During the login, `connect` rejects with this error. Later,
   * `closed` resolves with it, and every pending `request` and `waitFor` rejects with it at once. Retryable.
   */
  DISCONNECTED: "the connection ended",
  /**
   * The server answered no probe within `keepAlive.timeout`: the network is gone, but no side was told. As
   * `DISCONNECTED`. Retryable.
   */
  SOCKET_DEAD: "the server stopped answering",
} as const;

/** The input breaks the rules of XMPP. */
export const INPUT_CODES = {
  /** The XML is not well-formed, or its bytes are not UTF-8. */
  NOT_WELL_FORMED: "the XML is not well-formed",
  /** The XML holds a comment, a processing instruction, a document type or an entity of its own (RFC 6120, 11.1). */
  RESTRICTED_XML: "the XML holds what XMPP forbids",
  /** A prefix is not declared, or a declaration is one that XML does not allow. */
  BAD_NAMESPACE_PREFIX: "the XML has a bad prefix",
  /** The XML is well-formed, but it is no stream: another root element, text between stanzas, a second header. */
  INVALID_XML: "the XML is not a stream",
  /** The XML declaration names another encoding than UTF-8. */
  UNSUPPORTED_ENCODING: "the XML is not in UTF-8",
  /**
   * The input exceeds one of the `limits`: bytes, depth, elements, attributes, or names. The message says which one.
   * The limits are smaller before the server has authenticated itself. Raise the limit where you trust the server.
   */
  POLICY_VIOLATION: "the input exceeds a limit",
} as const;

/** A stanza is not sent, or a request gets no result. */
export const SENDING_CODES = {
  /**
   * No answer came within `timeout`, counted from the call of `request`. An answer that comes later is an ordinary
   * stanza. The other side may have acted on the request: repeat only requests that may be repeated. A message or a
   * presence need not be answered, so this is the usual end of a request with one. Retryable.
   */
  REQUEST_TIMEOUT: "no answer came in time",
  /**
   * Your program ended it: your `signal` was aborted, or you called `shutdown`, `halt` or `reconnect`. A pending
   * `connect`, `request` or `waitFor` rejects with this error. Not retryable.
   */
  ABORTED: "the caller aborted it",
  /**
   * The answer to a request is an error. `type`, `condition` and `text` come from the other side; `stanza` is the
   * whole answer. A `StanzaError` that a handler of `respond` throws is sent to the asker. Retryable where `type` is
   * `wait`.
   */
  STANZA_ERROR: "the answer is an error",
  /**
   * The jabberd2 router found no receiver for the stanza and returned it. Check `to`. Retryable where the receiver is
   * absent at the moment: a service may come back.
   */
  NOT_ROUTED: "the stanza was not routed",
  /**
   * The queue holds `queue.limit` stanzas or `queue.bytes` bytes. Written bytes count until the server has read them.
   * Send more slowly, flush, or set `overflow: "drop-oldest"`. Retryable.
   */
  QUEUE_FULL: "the queue is full",
  /** You took the stanza back with `queue.remove` or `queue.clear`. Not retryable. */
  REMOVED: "the stanza was removed",
  /** The `ttl` of the stanza ran out while it waited. Not retryable: the program itself limited its value. */
  EXPIRED: "the stanza expired",
  /**
   * The element cannot be written as legal XML: a text holds a control character or a lone surrogate, a name is no
   * name, or a prefix is not declared. The stream is untouched. Clean foreign text before you send it. Not retryable.
   */
  ILLEGAL_XML: "the element is not legal XML",
  /**
   * The stanza is larger than `limits.sendBytes`, or than the server takes (XEP-0478). Servers end the stream for such a
   * stanza. Not retryable.
   */
  TOO_LARGE: "the stanza is too large",
  /**
   * The `from` of a service's stanza is outside the service's own domains. Servers end the stream for that. Use an
   * address in the component's domain, or leave `from` out. Not retryable.
   */
  FOREIGN_FROM: "the sender's address is foreign",
  /** A service's stanza has no `to`. Servers drop such a stanza or end the stream. Not retryable. */
  MISSING_TO: "the stanza has no `to`",
  /**
   * A service received a stanza with an address that cannot be true, and the stanza was dropped. It is for another
   * domain, or it came over the jabberd2 router in the envelope of a service that may not send for that address. The
   * error comes with the event `dropped`. If the parts of your jabberd2 have other ids than `sm`, `s2s` and `c2s`, name
   * them in `relays`. Not retryable.
   */
  MISADDRESSED: "the stanza has a false address",
  /**
   * The session ended before the server had proven that it handled the stanza. The server may have handled it. Send it
   * again only if a copy does no harm, or let the option `unacked` do that. Retryable.
   */
  UNACKNOWLEDGED: "the stanza was not acknowledged",
  /**
   * No proof is to be had that the server has handled a stanza: `acks` is `false`, or neither the address that was
   * asked nor an echo has answered in time (event `ack:unavailable`). Name an address that answers pings in
   * `acks: { to }`. Else use `written()`, or a request whose answer is the proof. Not retryable.
   */
  ACK_UNAVAILABLE: "no proof is to be had that the server has handled the stanza",
  /**
   * The server ended two streams right after this stanza, which had gone out alone. Servers do so for XML or
   * addresses that they refuse. The broker does not send it again. Correct the stanza. Not retryable.
   */
  POISON: "the stanza alone has ended two streams",
} as const;

/** The store of the outbox cannot be used, or takes nothing. */
export const STORE_CODES = {
  /**
   * Another process, or another broker of this one, has the store open. The message names the process and the file of
   * the lock. Give each broker a directory of its own. The lock of a process that is gone is taken over by itself; one
   * of another machine is not, so delete that file once you know that the process is gone. Not retryable.
   */
  STORE_LOCKED: "the store is in use",
  /**
   * A file of the store is not as it was written. The message names the file and the byte. Nothing of the store was
   * sent or changed. `xmpp-broker store look DIR` shows what is whole, and `xmpp-broker store salvage DIR` keeps
   * that and puts the rest aside. A salvage that was cut must be run again first. Not retryable.
   */
  STORE_DAMAGED: "the store is damaged",
  /** A later version of this package has written the store. Use that version, or another directory. Not retryable. */
  STORE_VERSION: "the store has another format",
  /**
   * The store belongs to another address or another dialect; the message names both. Its stanzas would go out under a
   * false address. Use another directory, or the settings that it was made with. Not retryable.
   */
  STORE_FOREIGN: "the store belongs to another address",
  /**
   * The store did not take the stanza, or cannot be opened: the disk is full, a right is missing, the directory is gone,
   * or the store is not open any more. `cause` is the error of the system. A stanza that failed so was not sent; a
   * disk that takes nothing any more may keep it, and then the next process sends it. Free the disk, and the broker goes
   * on (`onFailure` of the store says otherwise). Where the directory was deleted, moved or replaced, start the broker
   * anew. Retryable where such a failure passes by itself, as a full disk does.
   */
  STORE_FAILED: "the store failed",
  /**
   * `stored()` was asked of a stanza that no store keeps: the option `queue.store` is not given, or it is a request or
   * an answer. Not retryable.
   */
  NO_STORE: "no store keeps the stanza",
} as const;

/** A handler fails, or answers too late. */
export const ANSWERING_CODES = {
  /**
   * An incoming request has had its one answer, and this would be a second one. A responder claimed the request, the
   * broker answered because `timeouts.respond` ran out, or you answered twice. For answers that take long, set
   * `unhandled: "ignore"`. Not retryable.
   */
  ALREADY_ANSWERED: "the request has been answered",
  /**
   * One of your handlers or listeners failed; `cause` is its error. The error comes with the event `error`. The
   * handler stays, and so does the connection. Correct the handler.
   */
  HANDLER_FAILED: "a handler failed",
  /**
   * A handler has not finished within `timeouts.handler`. The error comes with the event `error`. The handler goes on,
   * but the inbox no longer counts its stanza. Shorten the handler, or raise the time-out. Not retryable.
   */
  HANDLER_SLOW: "a handler took too long",
} as const;

/** A test with `xmpp-broker/testing` fails. */
export const TESTING_CODES = {
  /**
   * The other side of a `ScriptedPeer` did not follow the script: it said something else, ended the connection too
   * early, or took too long. The error is a `ScriptError`: `expected` is the line that was expected, and `unread` is
   * the text that came instead. Not retryable.
   */
  SCRIPT_FAILED: "the script was not followed",
  /**
   * A store of your own does not do what a broker needs of it: a case of `storeCases` failed. The message says what
   * was found, and what was wanted. Not retryable.
   */
  STORE_UNFIT: "the store does not keep its word",
} as const;

/** The meaning of each code, as it stands in messages. */
export const MEANINGS = {
  ...ARGUMENT_CODES,
  ...REACHING_CODES,
  ...LOGIN_CODES,
  ...STREAM_CODES,
  ...INPUT_CODES,
  ...SENDING_CODES,
  ...STORE_CODES,
  ...ANSWERING_CODES,
  ...TESTING_CODES,
} as const;

/** The stable name of an error; `docs/errors.md` has a section for each. */
export type ErrorCode = keyof typeof MEANINGS;

/** All codes, in the order of the table. */
export const errorCodes = Object.keys(MEANINGS) as readonly ErrorCode[];
