/** Every code an error of this library can carry, and what it means in a few words. */
const MEANINGS = {
  // The caller's options or arguments.
  BAD_OPTION: "an option has a value that cannot be used",
  BAD_JID: "this is not a valid address",
  BUSY: "the broker is already connecting elsewhere",
  XPATH_SYNTAX: "the XPath expression cannot be used",
  XPATH_LIMIT: "evaluating the XPath expression took more steps than allowed",

  // Reaching the server.
  LOOKUP_FAILED: "the server's endpoints could not be found",
  CONNECT_FAILED: "the server could not be reached",
  TIMEOUT_CONNECT: "the server did not accept the connection in time",
  TIMEOUT_TLS: "the TLS handshake did not finish in time",
  TIMEOUT_STREAM: "the server did not open its stream in time",
  TIMEOUT_AUTH: "authentication did not finish in time",
  TIMEOUT_BIND: "binding did not finish in time",
  TLS_FAILED: "TLS could not be established",
  TLS_REQUIRED: "the server insists on TLS, which the options forbid",
  TLS_UNAVAILABLE: "the server does not offer TLS, which the options require",

  // Logging in.
  AUTH_FAILED: "the server refused the credentials, or could not prove that it knows them",
  NO_MECHANISM: "the server offers no authentication mechanism that may be used",
  BIND_FAILED: "the server refused the address to bind",
  SESSION_FAILED: "the server refused to open a session",

  // The stream.
  STREAM_ERROR: "the server ended the stream with an error",
  PROTOCOL_ERROR: "the server broke the protocol",
  DISCONNECTED: "the connection ended",
  SOCKET_DEAD: "the server stopped answering",
  NOT_WELL_FORMED: "the XML is not well-formed",
  RESTRICTED_XML: "the XML uses what XMPP forbids",
  BAD_NAMESPACE_PREFIX: "an XML prefix is undeclared or misused",
  INVALID_XML: "the XML stream is not what it must be",
  UNSUPPORTED_ENCODING: "the XML is not declared as UTF-8",
  POLICY_VIOLATION: "what arrived exceeds a limit",

  // Sending.
  REQUEST_TIMEOUT: "no answer came in time",
  ABORTED: "the caller aborted it",
  STANZA_ERROR: "the answer is an error",
  NOT_ROUTED: "the stanza could not be routed",
  QUEUE_FULL: "the queue is full",
  REMOVED: "the stanza was removed from the queue",
  EXPIRED: "the stanza's time to live ran out before it was sent",
  ILLEGAL_XML: "the element cannot be written as legal XML",
  TOO_LARGE: "the stanza is larger than allowed",
  FOREIGN_FROM: "the sender's address is outside the component's own domains",
  MISSING_TO: "a component's stanza needs an address to go to",
  UNACKNOWLEDGED: "the session ended before the server had acknowledged the stanza",
  ACK_UNAVAILABLE: "the stream has no acknowledgements",

  // Answering.
  ALREADY_ANSWERED: "the request has been answered already",
  HANDLER_FAILED: "a handler failed",
  HANDLER_SLOW: "a handler has not finished in time",

  // Testing.
  SCRIPT_FAILED: "the other side did not follow the script",
} as const;

/** The stable name of what went wrong; `docs/errors.md` has a heading for each. */
export type ErrorCode = keyof typeof MEANINGS;

/** All codes, in the order of the table; `docs/errors.md` is tested against it. */
export const errorCodes = Object.keys(MEANINGS) as readonly ErrorCode[];

/** What, beside its code, an error may say. */
export interface ErrorFacts {
  /** The error that led to this one. */
  readonly cause?: unknown;
  /** Whether the same call may succeed later without a change by the caller; `false` by default. */
  readonly retryable?: boolean;
}

/**
 * Everything this library throws or rejects with on purpose. Branch on `code`, never on `message`;
 * `retryable` says whether trying again, unchanged, makes sense. Messages never hold passwords,
 * tokens or stanza bodies.
 */
export class BrokerError extends Error {
  override readonly name: string = "BrokerError";
  /** What went wrong; stable across versions. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later without a change by the caller. */
  readonly retryable: boolean;

  constructor(code: ErrorCode, detail?: string, facts: ErrorFacts = {}) {
    const message = detail === undefined ? MEANINGS[code] : `${MEANINGS[code]}: ${detail}`;
    super(message, "cause" in facts ? { cause: facts.cause } : undefined);
    this.code = code;
    this.retryable = facts.retryable ?? false;
  }
}

/** Any thrown value as a `BrokerError`: itself if it is one, else wrapped under `code` as the cause. */
export function asBrokerError(
  thrown: unknown,
  code: ErrorCode,
  facts: Omit<ErrorFacts, "cause"> = {},
): BrokerError {
  if (thrown instanceof BrokerError) return thrown;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  return new BrokerError(code, detail, { ...facts, cause: thrown });
}
