import type { Runtime } from "../../contract/runtime.ts";
import { LoginLimit } from "../../link/login-limit.ts";
import { Awakening } from "./awakening.ts";
import { Reached } from "./reached.ts";

/** The things that all reconnecting brokers of a process share. */
export interface Shared {
  /** Bounds their logins to one server. */
  readonly logins: LoginLimit;
  /** Tells them that the machine has woken. */
  readonly awakening: Awakening;
  /** Tells them that another one has reached the server. */
  readonly reached: Reached;
}

/** A process has one runtime; a test has one of its own. */
const known = new WeakMap<Runtime, Shared>();

/** The shared things of the brokers that were given this runtime. */
export function sharedBy(runtime: Runtime): Shared {
  const shared = known.get(runtime) ?? {
    logins: new LoginLimit(),
    awakening: new Awakening(runtime),
    reached: new Reached(),
  };
  known.set(runtime, shared);
  return shared;
}
