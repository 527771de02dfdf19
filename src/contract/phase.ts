import type { BrokerError } from "../base/errors.ts";

/** The phase of a broker. `step` names the layer under negotiation. */
export type Phase =
  | { readonly name: "idle" }
  | {
      /** The broker waits for its next try. */
      readonly name: "waiting";
      /** The number of the next try, counted since the broker was last ready, from 1. */
      readonly attempt: number;
      /** When that try begins, in milliseconds since 1970. */
      readonly until: number;
      /** Why the last connection ended. */
      readonly error: BrokerError;
    }
  | {
      readonly name: "connecting";
      /** Absent while the server is being looked up. */
      readonly host?: string | undefined;
      readonly port?: number | undefined;
      /** Counts the tries since the broker was last ready, from 1; not the endpoints. */
      readonly attempt: number;
    }
  | { readonly name: "negotiating"; readonly step: Step }
  | { readonly name: "ready"; readonly jid: string; readonly resumed: boolean }
  | { readonly name: "closing" };

/** The layers of a negotiation that report their progress by events, such as `bind:start`. */
export type ReportedStep = "tls" | "auth" | "bind" | "session";

/** The layers of a negotiation, each with a deadline of its own. `enable` and `resume` are those of XEP-0198. */
export type Step = "stream" | ReportedStep | "enable" | "resume";

/** The phases that may follow each phase. */
export const TRANSITIONS: Readonly<Record<Phase["name"], readonly Phase["name"][]>> = {
  idle: ["connecting"],
  connecting: ["connecting", "negotiating", "closing", "idle"],
  negotiating: ["negotiating", "connecting", "ready", "closing", "idle"],
  ready: ["closing", "idle"],
  closing: ["idle", "waiting", "connecting"],
  waiting: ["connecting", "closing", "idle"],
};
