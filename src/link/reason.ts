import type { ErrorCode } from "../base/error-codes.ts";
import { asBrokerError, BrokerError, isBrokerError } from "../base/errors.ts";
import { isStreamError, onceReady, withoutText } from "../stream/stream-error.ts";

/**
 * The reason for the end of a link: what called it off, else what its login has thrown. The dialect's error says more
 * than a plain end by the server, unless it is that end again.
 */
export function reasonOf(
  cause: BrokerError | undefined,
  thrown: unknown,
  isConnected: boolean,
): BrokerError {
  const reason = cause ?? thrown;
  const isVerdict = isBrokerError(thrown) && !isStreamError(thrown);
  if (isVerdict && isServersEnd(reason)) return thrown;
  if (isConnected) return asBrokerError(reason, "HANDLER_FAILED");
  return asBrokerError(reason, "CONNECT_FAILED", { retryable: true });
}

/** The error of a stream that was ready, without the server's words where they repeat the secret of the login. */
export function endOnceReady(
  error: BrokerError | undefined,
  secret: string | undefined,
): BrokerError | undefined {
  if (!isStreamError(error)) return error;
  const told = onceReady(error);
  const repeats = secret !== undefined && told.text?.includes(secret) === true;
  return repeats ? withoutText(told) : told;
}

/** The error of a step that took too long. */
export function timedOut(code: ErrorCode, milliseconds: number): BrokerError {
  return new BrokerError(code, `${milliseconds} ms have passed`, { retryable: true });
}

/** True if it was the server that ended the link, in one way or another. */
function isServersEnd(reason: unknown): boolean {
  return isBrokerError(reason) && ["DISCONNECTED", "STREAM_ERROR"].includes(reason.code);
}
