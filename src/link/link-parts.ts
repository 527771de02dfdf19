import type { BrokerError } from "../base/errors.ts";
import type { Steps } from "../base/state.ts";
import type { BrokerEvents } from "../contract/events.ts";
import type { Instruments } from "../contract/instruments.ts";
import type { Phase } from "../contract/phase.ts";
import type { Resuming } from "../negotiate/login.ts";
import type { Memory } from "../negotiate/memory.ts";
import type { Channel } from "../stream/channel.ts";
import type { Stream } from "../stream/stream.ts";
import type { Destination } from "./address.ts";
import type { LoginLimit } from "./login-limit.ts";
import type { ChannelParts } from "./open-channel.ts";

/** The parts that all links of a broker share. */
export interface LinkParts extends ChannelParts {
  readonly instruments: Instruments;
  readonly memory: Memory;
  /** Bounds the logins at a time to each server; `undefined`: nothing does. */
  readonly shared: { readonly logins: LoginLimit } | undefined;
}

/** The try that a link belongs to. */
export interface LinkTry {
  /** Counts the tries since the broker was last ready, from 1. */
  readonly number: number;
  /** The session to resume, where there is one. */
  readonly resuming: Resuming | undefined;
}

/** The life of a link: made, looking its server up, connecting, logging in, logged in, saying goodbye, over. */
export type LinkState = "new" | "looking-up" | "connecting" | "login" | "open" | "closing" | "over";

/** The states that may follow each state of a link. */
export const LINK_STEPS: Steps<LinkState> = {
  new: ["looking-up", "over"],
  "looking-up": ["connecting", "over"],
  connecting: ["login", "over"],
  login: ["open", "over"],
  open: ["closing", "over"],
  closing: ["over"],
  over: [],
};

/** A link until it is logged in, as the steps on its way see it. */
export interface BeginningLink {
  readonly state: LinkState;
  readonly destination: Destination;
  /** Aborted with the reason when the link is over. */
  readonly signal: AbortSignal;
  to(state: LinkState): void;
  /** The broker goes on to another phase, where the link is in force. */
  enter(phase: Phase): void;
  /** Emits an event, where the link is in force. */
  emit<E extends keyof BrokerEvents>(event: E, payload: BrokerEvents[E]): void;
  /** The endpoints are known: the first is tried here, the others are left. */
  take(endpoints: readonly Destination[]): void;
  /** Throws once the link is over: a listener of the last step may have ended it. */
  mustGoOn(): void;
  /** Begins the stream on a channel that is open. */
  start(channel: Channel): Stream;
  /** Stops all waiting. The first cause stays. */
  callOff(cause: BrokerError): void;
}
