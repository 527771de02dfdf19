import { BrokerError, isBrokerError } from "../base/errors.ts";
import type { Element } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { conditionOf } from "./condition.ts";

/** Conditions at a login after which the same server, or another of its cluster, may well take us. */
const PASSING: ReadonlySet<string> = new Set([
  "connection-timeout",
  "internal-server-error",
  "remote-connection-failed",
  "reset",
  "resource-constraint",
  "system-shutdown",
]);

/** The server ended the stream with `<stream:error/>` (RFC 6120, 4.9). Code `STREAM_ERROR`. */
export class StreamError extends BrokerError {
  override readonly name = "StreamError";
  /** The defined condition, e.g. `conflict`; `undefined-condition` where the server named none. */
  readonly condition: string;
  /** The server's own words, if it gave any. */
  readonly text: string | undefined;
  /**
   * Where to go instead: a host with `see-other-host`, a URL with `see-other-uri` (RFC 7395, 3.6.1). A broker that
   * reconnects goes there.
   */
  readonly otherHost: string | undefined;

  constructor(
    condition: string,
    text?: string,
    otherHost?: string,
    retryable = PASSING.has(condition),
  ) {
    super("STREAM_ERROR", condition + (text ? ` (${text})` : ""), { retryable });
    this.condition = condition;
    this.text = text;
    this.otherHost = otherHost;
  }
}

/** True if a value is a `StreamError`, also one of another copy of this package. */
export function isStreamError(value: unknown): value is StreamError {
  return isBrokerError(value) && value.code === "STREAM_ERROR" && "condition" in value;
}

/**
 * Conditions that do not pass once a stream was ready: another connection has taken our place, or the server has
 * withdrawn what the login stood on. (`host-gone` passes: jabberd2 means an idle stream by it.)
 */
const FINAL: ReadonlySet<string> = new Set(["conflict", "host-unknown", "not-authorized"]);

/** The same error for a stream that was ready: nearly all conditions pass, for a new stream does not begin where this one ended. */
export function onceReady({ condition, text, otherHost }: StreamError): StreamError {
  return new StreamError(condition, text, otherHost, !FINAL.has(condition));
}

/** The same error without the server's words: after a login they may repeat its secret. */
export function withoutText({ condition, otherHost, retryable }: StreamError): StreamError {
  return new StreamError(condition, undefined, otherHost, retryable);
}

/** Reads a received `<stream:error/>`; servers from before XMPP 1.0 put only text in it. */
export function streamErrorFrom(element: Element): StreamError {
  const { condition, text } = conditionOf(element, NS.streamErrors);
  const name = condition?.name ?? "undefined-condition";
  const otherHost = name === "see-other-host" ? condition?.text().trim() : undefined;
  return new StreamError(name, text, otherHost);
}
