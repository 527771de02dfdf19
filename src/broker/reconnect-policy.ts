import { type ErrorCode, INPUT_CODES } from "../base/error-codes.ts";
import type { BrokerError } from "../base/errors.ts";
import { isStreamError } from "../stream/stream-error.ts";

/** The step that follows the end of a connection. Times are in milliseconds. */
export type Course =
  /** The run ends. */
  | { readonly kind: "stop" }
  /** Go where the server sends us, `hops` times at most; after that, back off. */
  | { readonly kind: "follow"; readonly hops: number }
  /** Wait so long, less a fifth at most. */
  | { readonly kind: "every"; readonly wait: number }
  /**
   * Wait a random time, from 0 up to a bound that doubles with each try: `base`, 2 × `base`, … `cap`. The bound begins
   * `up` doublings higher; the first one is at most `first`; none is above `most`.
   */
  | {
      readonly kind: "back off";
      readonly up: number;
      readonly first: number;
      readonly most: number;
    };

/** Ends that count together: as many in a row, or within a time, take another course. */
export interface Repeated {
  readonly times: number;
  /** Counts those of the last so many milliseconds; `undefined`: those in a row. */
  readonly within: number | undefined;
  readonly course: Course;
  /** The old session is not resumed any more. Default `false`. */
  readonly isFresh?: true;
}

/** Where a connection was when it ended: logging in, asking for an old session there, or ready. */
export type Place = "login" | "resume" | "ready";

/** One row of the policy: the ends it is about, and the course to take. */
export interface PolicyRow {
  /** The codes it is about; empty: any. */
  readonly codes: readonly ErrorCode[];
  /** The conditions of stream errors it is about. */
  readonly conditions: readonly string[];
  /** The place where the connection must have been; `undefined`: any. `resume` is a place of a login, too. */
  readonly at: Place | undefined;
  /** The end before this one was less than so many milliseconds ago; `undefined`: it does not matter. */
  readonly soonAfter: number | undefined;
  /** The value of `retryable` that the error must have; `undefined`: any. (For codes only.) */
  readonly retryable: boolean | undefined;
  /** The course in a run that was never ready. */
  readonly before: Course;
  /** The course in a run that was ready before. */
  readonly after: Course;
  /** The course for ends that come again. Only in a run that was ready before. */
  readonly repeated: Repeated | undefined;
  /** The old session is not resumed: it would meet the same end. */
  readonly isFresh: boolean;
}

const NEVER = Number.POSITIVE_INFINITY;
const MINUTE = 60_000;

const STOP: Course = { kind: "stop" };
const RARELY: Course = { kind: "every", wait: 5 * MINUTE };
/** The usual course. */
export const BACK_OFF: Course = { kind: "back off", up: 0, first: NEVER, most: NEVER };
const SOON: Course = { ...BACK_OFF, first: 1000 };
const HIGHER: Course = { ...BACK_OFF, up: 3 };
const PATIENT: Course = { ...BACK_OFF, most: 30_000 };

/** For ends that look like a wrong setting, in a run whose settings were right: a server that restarts may cause them. */
const SELDOM = {
  after: HIGHER,
  repeated: { times: 3, within: undefined, course: RARELY },
} as const;

const PARSER_CODES = Object.keys(INPUT_CODES) as ErrorCode[];

/** The conditions by which a server says that our own input broke the rules (RFC 6120, 4.9.3). */
const INPUT_CONDITIONS = [
  ...["bad-format", "bad-namespace-prefix", "improper-addressing", "invalid-from", "invalid-id"],
  ...["invalid-namespace", "invalid-xml", "not-well-formed", "restricted-xml"],
  ...["unsupported-encoding", "unsupported-stanza-type", "xml-not-well-formed"],
];

/** A row: what is left out does not matter, and `after` is the same as `before`. */
function row(given: Partial<PolicyRow> & Pick<PolicyRow, "before">): PolicyRow {
  return {
    codes: [],
    conditions: [],
    at: undefined,
    soonAfter: undefined,
    retryable: undefined,
    after: given.before,
    repeated: undefined,
    isFresh: false,
    ...given,
  };
}

/** The row for every end that no other one is about. */
const REST = row({ before: STOP, ...SELDOM });

/**
 * The policy of `reconnect`: the first row that fits an end says what follows. `docs/reconnecting.md` is printed from
 * this table. Ends that pass by themselves never stop a run that was ready once.
 */
export const POLICY: readonly PolicyRow[] = [
  row({ conditions: ["see-other-host", "see-other-uri"], before: { kind: "follow", hops: 3 } }),
  // A bare end may be a cut, or a server that refuses the session: only more tries tell. Two cuts in a row are usual on
  // a bad network, and a session that is given up loses what the server still held for it.
  row({
    codes: ["DISCONNECTED", "SOCKET_DEAD"],
    at: "resume",
    before: SOON,
    repeated: { times: 4, within: undefined, course: SOON, isFresh: true },
  }),
  row({
    codes: ["PROTOCOL_ERROR", "TIMEOUT_BIND", "STREAM_ERROR", ...PARSER_CODES],
    at: "resume",
    before: BACK_OFF,
    isFresh: true,
  }),
  row({ codes: ["DISCONNECTED", "SOCKET_DEAD"], before: SOON }),
  row({ codes: ["CONNECT_FAILED"], retryable: true, before: BACK_OFF }),
  row({
    codes: ["TIMEOUT_CONNECT", "TIMEOUT_TLS", "TIMEOUT_STREAM", "TIMEOUT_AUTH", "TIMEOUT_BIND"],
    before: BACK_OFF,
  }),
  row({ codes: ["LOOKUP_FAILED", "TLS_FAILED"], retryable: true, before: BACK_OFF }),
  // A stanza may have caused it, and a session that goes on would send that one again and again.
  row({ conditions: ["policy-violation"], at: "ready", before: HIGHER, isFresh: true }),
  row({ conditions: ["policy-violation", "resource-constraint"], before: HIGHER }),
  row({ conditions: ["conflict"], at: "login", before: PATIENT }),
  // A server may read a login of ours late, from a connection that was cut, and take it for a newer one.
  row({
    conditions: ["conflict"],
    at: "ready",
    soonAfter: MINUTE,
    before: PATIENT,
    repeated: { times: 3, within: 10 * MINUTE, course: STOP },
  }),
  row({ conditions: ["conflict"], at: "ready", before: STOP }),
  row({
    codes: ["AUTH_FAILED", "BIND_FAILED", "SESSION_FAILED"],
    retryable: true,
    before: PATIENT,
  }),
  row({
    codes: ["AUTH_FAILED", "NO_MECHANISM"],
    conditions: ["not-authorized"],
    before: STOP,
    after: { kind: "every", wait: 30_000 },
    repeated: { times: 2, within: undefined, course: STOP },
  }),
  row({
    codes: PARSER_CODES,
    conditions: INPUT_CONDITIONS,
    at: "ready",
    before: BACK_OFF,
    repeated: { times: 3, within: 10 * MINUTE, course: RARELY },
    isFresh: true,
  }),
  // jabberd2 says it of an idle stream, and at a login while its session manager is not up yet.
  row({ conditions: ["host-gone"], before: BACK_OFF }),
  row({
    codes: ["TLS_FAILED", "LOOKUP_FAILED"],
    conditions: ["host-unknown"],
    before: STOP,
    ...SELDOM,
  }),
  row({
    codes: ["TLS_REQUIRED", "TLS_UNAVAILABLE", "PROTOCOL_ERROR", "DOWNGRADE"],
    before: STOP,
    ...SELDOM,
  }),
  row({ codes: ["BIND_FAILED", "SESSION_FAILED"], before: STOP, ...SELDOM }),
  row({
    codes: PARSER_CODES,
    conditions: [...INPUT_CONDITIONS, "unsupported-feature", "unsupported-version"],
    at: "login",
    before: STOP,
    ...SELDOM,
  }),
  row({ codes: ["STREAM_ERROR"], before: BACK_OFF }),
  row({
    codes: [
      "BAD_OPTION",
      "STORE_FAILED",
      "STORE_DAMAGED",
      "STORE_LOCKED",
      "STORE_VERSION",
      "STORE_FOREIGN",
    ],
    before: STOP,
  }),
  row({ retryable: true, before: BACK_OFF }),
  row({ codes: ["CONNECT_FAILED", "HANDLER_FAILED"], before: STOP, after: BACK_OFF }),
  REST,
];

/** The row for the end of a connection. `since`: how long ago the end before it was, in milliseconds. */
export function rowFor(error: BrokerError, at: Place, since = NEVER): PolicyRow {
  return POLICY.find((row) => fits(row, error, at, since)) ?? REST;
}

function fits(row: PolicyRow, error: BrokerError, at: Place, since: number): boolean {
  const isThere = row.at === at || (row.at === "login" && at === "resume");
  if (row.at !== undefined && !isThere) return false;
  if (row.soonAfter !== undefined && since >= row.soonAfter) return false;
  if (isStreamError(error) && row.conditions.includes(error.condition)) return true;
  if (row.retryable !== undefined && row.retryable !== error.retryable) return false;
  if (row.codes.length > 0) return row.codes.includes(error.code);
  return row.conditions.length === 0;
}
