import { BrokerError, isBrokerError } from "../base/errors.ts";

/** The failures of a disk that pass without a change of rights or paths. */
const PASSING = ["ENOSPC", "EDQUOT", "EMFILE", "ENFILE", "EIO", "EAGAIN", "EBUSY"];

/** Any failure of the file system as a `BrokerError`: `STORE_FAILED` with the words of the system. */
export function storeError(thrown: unknown): BrokerError {
  if (isBrokerError(thrown)) return thrown;
  const detail = thrown instanceof Error ? thrown.message : String(thrown);
  const code = codeOf(thrown);
  const retryable = code !== undefined && PASSING.includes(code);
  return new BrokerError("STORE_FAILED", detail, { cause: thrown, retryable });
}

/** The code of a failure of the system, such as `ENOENT`. */
export function codeOf(thrown: unknown): string | undefined {
  if (typeof thrown !== "object" || thrown === null || !("code" in thrown)) return undefined;
  return typeof thrown.code === "string" ? thrown.code : undefined;
}

/** The error for a file whose content cannot be true. */
export function damaged(file: string, offset: number, why: string): BrokerError {
  return new BrokerError("STORE_DAMAGED", `${file} at byte ${offset}: ${why}`);
}
