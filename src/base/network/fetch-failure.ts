import { detailOf } from "../errors.ts";

/** The reason why `fetch` rejected. Node hides it in the cause, and for several addresses in a code; a browser tells none. */
export function fetchFailure(thrown: unknown): string {
  const detail = detailOf(thrown);
  const cause = thrown instanceof TypeError ? thrown.cause : undefined;
  if (!(cause instanceof Error)) return detail;
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : "";
  const reason = cause.message === "" ? code : cause.message;
  return reason === "" ? detail : `${detail}: ${reason}`;
}
