import { quiet } from "../base/deferred.ts";
import { asBrokerError } from "../base/errors.ts";

/** The promise of a call that cannot be made: it rejects with what was thrown, else with `BAD_OPTION`. */
export function refusal(thrown: unknown): Promise<never> {
  return quiet(Promise.reject(asBrokerError(thrown, "BAD_OPTION")));
}
