import { expect } from "vitest";
import type { Crypto } from "../../src/base/crypto/crypto.ts";
import { webCrypto } from "../../src/base/crypto/web-crypto.ts";
import { BrokerError } from "../../src/base/errors.ts";
import { Broker } from "../../src/broker/broker.ts";
import type { BrokerEvents, Ready } from "../../src/contract/events.ts";
import { type BrokerOptions, DEFAULTS } from "../../src/contract/options.ts";
import type { Dialect } from "../../src/dialect/dialect.ts";
import type { Cut } from "../../src/testing/peer/pieces.ts";
import { ScriptedPeer } from "../../src/testing/peer/scripted-peer.ts";
import { QUIET } from "../quiet-runtime.ts";
import { VirtualClock } from "../virtual-clock.ts";

/** The result of an attempt to log in. */
export interface Attempt {
  readonly broker: Broker;
  readonly peer: ScriptedPeer;
  /** Every event of the negotiation, in order, with what it says in a word. */
  readonly events: readonly string[];
  readonly ready: Ready | undefined;
  readonly error: BrokerError | undefined;
}

const EVENTS = [
  ...["connect", "connecting", "connected", "connect:failure", "stream:start", "stream:end"],
  ...["tls:start", "tls:success", "tls:failure", "auth:start", "auth:success", "auth:failure"],
  ...["bind:start", "bind:success", "bind:failure"],
  ...["session:start", "session:success", "session:failure", "ready"],
] as readonly (keyof BrokerEvents)[];

/**
 * Web Crypto, whose random bytes are known: those of the example of RFC 5802, 5 for the nonce of
 * SCRAM, and for ids, resources and the nonce of DIGEST-MD5 the digits `dfd97f2d44ad2533`.
 */
export const knownCrypto: Crypto = {
  ...webCrypto,
  random: (length) =>
    length === 24
      ? Uint8Array.from(atob("fyko+d2lbbFgONRv9qkxdawL"), (digit) => digit.charCodeAt(0))
      : Uint8Array.of(0xdf, 0xd9, 0x7f, 0x2d, 0x44, 0xad, 0x25, 0x33),
};

/** The random resource and id that `knownCrypto` makes. */
export const RANDOM = "dfd97f2d44ad2533";

/** Moves the clock once a peer has followed its script. */
type Waiting = (clock: VirtualClock, broker: Broker) => Promise<void>;

/** A second: longer than a login waits for the server's reason, and shorter than any deadline. */
const aSecond: Waiting = (clock) => clock.pass(1000);

/**
 * Logs in at a scripted peer, after `arrange`, and tells all that happened. The script ends where the login stops: then
 * `wait` moves the clock.
 */
export async function attempt(
  dialect: Dialect,
  script: string,
  options: Partial<BrokerOptions> & {
    readonly cut?: Cut | undefined;
    readonly crypto?: Crypto;
    readonly wait?: Waiting;
  } = {},
  arrange: (broker: Broker) => void = () => undefined,
): Promise<Attempt> {
  const { cut, crypto = knownCrypto, wait = aSecond, ...brokerOptions } = options;
  const peer = new ScriptedPeer(script, { cut, tls: options.tls !== "plaintext" });
  const clock = new VirtualClock();
  const broker = new Broker(
    { dialect, host: "127.0.0.1", transport: peer.transport, ...brokerOptions },
    { connect: peer.transport, clock, crypto, ...QUIET },
  );
  const events: string[] = [];
  for (const event of EVENTS) {
    broker.on(event, (payload) => {
      events.push(described(event, payload));
    });
  }
  arrange(broker);
  void peer.done.then(
    () => wait(clock, broker),
    () => undefined,
  );
  try {
    return { broker, peer, events, ready: await broker.connect(), error: undefined };
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    if (peer.attempts > 0) await broker.closed;
    return { broker, peer, events, ready: undefined, error };
  }
}

/** The default deadline that ends in each code, in milliseconds. */
const DEADLINES = {
  TIMEOUT_STREAM: DEFAULTS.timeouts.stream,
  TIMEOUT_TLS: DEFAULTS.timeouts.tls,
  TIMEOUT_AUTH: DEFAULTS.timeouts.auth,
  TIMEOUT_BIND: DEFAULTS.timeouts.bind,
};
export type Deadline = keyof typeof DEADLINES;

/**
 * Logs in at a peer that is mute after the last line of its script. Nothing ends the attempt one millisecond before the
 * deadline, and the deadline does.
 */
export async function attemptAtMute(
  dialect: Dialect,
  script: string,
  deadline: Deadline,
  options: { readonly crypto?: Crypto } = {},
): Promise<Attempt> {
  let before: string | undefined;
  const wait: Waiting = async (clock, broker) => {
    await clock.pass(DEADLINES[deadline] - 1);
    before = broker.phase.name;
    await clock.pass(1);
  };
  const made = await attempt(dialect, script, { ...options, wait });
  expect(before).toBe("negotiating");
  expect(made.error).toMatchObject({ code: deadline, retryable: true });
  await made.peer.over;
  return made;
}

/** Runs an attempt as a whole, byte by byte, and cut in two at each place: what comes of it is the same. */
export async function expectTheSameAtEveryCut(
  run: (cut: Cut | undefined) => Promise<Attempt>,
): Promise<void> {
  const outcome = async (cut: Cut | undefined) => {
    const { broker, peer, events, ready, error } = await run(cut);
    broker.halt();
    return { peer, facts: { events, ready, error: error?.message, heard: peer.heard } };
  };
  const whole = await outcome(undefined);
  for (const cut of whole.peer.cuts()) {
    const { facts } = await outcome(cut);
    expect(facts, `cut at ${String(cut)}`).toEqual(whole.facts);
  }
}

function described(event: string, payload: object): string {
  const facts = payload as { mechanism?: string; jid?: string; error?: BrokerError };
  const word = facts.mechanism ?? facts.jid ?? facts.error?.code;
  return word === undefined ? event : `${event} ${word}`;
}
