import { BrokerError } from "../../base/errors.ts";
import { fetchFailure } from "../../base/network/fetch-failure.ts";
import { StreamError } from "../stream-error.ts";
import type { Outcome } from "./post.ts";

/** The terminal conditions (XEP-0124, 17.2), and true for those after which the same login may succeed. */
const PASSES: Readonly<Record<string, boolean>> = {
  "bad-request": false,
  "host-gone": false,
  "host-unknown": false,
  "improper-addressing": false,
  "internal-server-error": true,
  "item-not-found": true,
  "other-request": true,
  "policy-violation": false,
  "remote-connection-failed": true,
  "see-other-uri": false,
  "system-shutdown": true,
};

/**
 * The error for a session that the server terminates. A condition that XEP-0124 does not know, and
 * `remote-stream-error` without a stream error inside, are `undefined-condition`. `uri`: where to go instead.
 */
export function terminated(condition: string, text?: string, uri?: string): StreamError {
  const passes = Object.hasOwn(PASSES, condition) ? PASSES[condition] : undefined;
  const known = passes === undefined ? "undefined-condition" : condition;
  return new StreamError(known, text, uri, passes ?? false);
}

/** The conditions that stand for a status of HTTP with servers from before them (XEP-0124, 17.1). */
const CONDITIONS: Readonly<Record<number, string>> = {
  400: "bad-request",
  403: "policy-violation",
  404: "item-not-found",
};

/** An outcome without an answer. */
export type Failure = Exclude<Outcome, { readonly kind: "answer" }>;

/** True if the same request may be answered when it is sent again: the network failed, or a proxy could not reach the server. */
export function isWorthRepeating(failure: Failure): boolean {
  return failure.kind === "broken" || (failure.kind === "status" && passes(failure.status));
}

/** The error where the request that creates a session fails. */
export function notCreated(failure: Failure): BrokerError {
  return unanswered(failure, "CONNECT_FAILED", isWorthRepeating(failure));
}

/** The error where a request within a session fails for good. */
export function failed(failure: Failure): BrokerError {
  const condition = failure.kind === "status" ? CONDITIONS[failure.status] : undefined;
  if (condition !== undefined) return terminated(condition, describe(failure));
  return unanswered(failure, "DISCONNECTED", true);
}

function unanswered(
  failure: Failure,
  code: "CONNECT_FAILED" | "DISCONNECTED",
  retryable: boolean,
): BrokerError {
  const cause = failure.kind === "broken" ? failure.cause : undefined;
  const isTooLarge = failure.kind === "oversize";
  return new BrokerError(isTooLarge ? "POLICY_VIOLATION" : code, describe(failure), {
    cause,
    retryable,
  });
}

/** Statuses that a later request may not meet. */
function passes(status: number): boolean {
  return status === 408 || status === 425 || status === 429 || status >= 500;
}

function describe(failure: Failure): string {
  switch (failure.kind) {
    case "broken":
      return `the HTTP request got no answer: ${fetchFailure(failure.cause)}`;
    case "status":
      return `the HTTP status is ${failure.status}`;
    case "redirect":
      return "the HTTP server redirects the request, and BOSH follows no redirect";
    case "oversize":
      return "the HTTP answer is larger than 16 stanzas of limits.bytes";
  }
}
