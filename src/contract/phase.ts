/** Where a broker is in its life. `step` names the layer under negotiation. */
export type Phase =
  | { readonly name: "idle" }
  | {
      readonly name: "connecting";
      readonly host: string;
      readonly port: number;
      /** Counts from 1. */
      readonly attempt: number;
    }
  | { readonly name: "negotiating"; readonly step: Step }
  | { readonly name: "ready"; readonly jid: string }
  | { readonly name: "closing" };

/** The layers of a negotiation, each with a deadline of its own. */
export type Step = "stream" | "tls" | "auth" | "bind" | "session";

/** Which phase may follow which. */
export const TRANSITIONS: Readonly<Record<Phase["name"], readonly Phase["name"][]>> = {
  idle: ["connecting"],
  connecting: ["negotiating", "closing", "idle"],
  negotiating: ["negotiating", "ready", "closing", "idle"],
  ready: ["closing", "idle"],
  closing: ["idle"],
};
