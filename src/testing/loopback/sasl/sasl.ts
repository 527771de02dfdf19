import { decodeBase64, encodeBase64 } from "../../../base/text/base64.ts";
import { type Element, xml } from "../../../xml/element.ts";
import { NS } from "../../../xml/namespaces.ts";
import type { Connection } from "../connection.ts";
import { digestMd5 } from "./sasl-digest-md5.ts";
import {
  type Accounts,
  type Exchange,
  SaslRefusal,
  type ServerMechanism,
} from "./sasl-exchange.ts";
import { anonymous, plain } from "./sasl-plain.ts";
import { scram } from "./sasl-scram.ts";

/** Every mechanism the server can offer. */
const MECHANISMS = {
  "SCRAM-SHA-512": (exchange) => scram("sha512", exchange),
  "SCRAM-SHA-256": (exchange) => scram("sha256", exchange),
  "SCRAM-SHA-1": (exchange) => scram("sha1", exchange),
  "DIGEST-MD5": digestMd5,
  PLAIN: plain,
  ANONYMOUS: anonymous,
} as const satisfies Record<string, ServerMechanism>;

/** A mechanism the server can offer. */
export type MechanismName = keyof typeof MECHANISMS;

/** All of them, strongest first. */
export const mechanismNames = Object.keys(MECHANISMS) as readonly MechanismName[];

/** How an exchange goes on one kind of port. */
export interface SaslSettings {
  readonly mechanisms: readonly MechanismName[];
  readonly accounts: Accounts;
  /** DIGEST-MD5's proof rides in `<success/>` (as jabberd2 does), or in a challenge of its own. */
  readonly proofInSuccess: boolean;
}

/** The feature that lists the mechanisms (RFC 6120, 6.4.1). */
export const mechanismsFeature = (mechanisms: readonly MechanismName[]): Element =>
  xml(
    "mechanisms",
    { xmlns: NS.sasl },
    ...mechanisms.map((mechanism) => xml("mechanism", {}, mechanism)),
  );

/**
 * Answers an `<auth/>`:
 *
 *     C: <auth mechanism='SCRAM-SHA-1'>…</auth>
 *              ^ here: challenges and responses until <success/> or <failure/>
 *
 * Returns the name of the account, or `undefined` after a failure: the client may try again.
 */
export async function authenticate(
  connection: Connection,
  auth: Element,
  settings: SaslSettings,
): Promise<string | undefined> {
  connection.enter("auth");
  try {
    const name = settings.mechanisms.find((mechanism) => mechanism === auth.attrs.mechanism);
    if (name === undefined) throw new SaslRefusal("invalid-mechanism");
    const outcome = await MECHANISMS[name](exchange(connection, auth, settings.accounts));
    let proof = outcome.proof;
    if (proof !== undefined && name === "DIGEST-MD5" && !settings.proofInSuccess) {
      await challenge(connection, proof);
      proof = undefined;
    }
    connection.send(xml("success", { xmlns: NS.sasl }, proof && encode(proof)));
    return outcome.username;
  } catch (error) {
    if (!(error instanceof SaslRefusal)) throw error;
    connection.send(xml("failure", { xmlns: NS.sasl }, xml(error.condition)));
    return undefined;
  }
}

function exchange(connection: Connection, auth: Element, accounts: Accounts): Exchange {
  const initial = auth.text();
  return {
    accounts,
    ask: (text) => challenge(connection, text),
    // "=" is a response that is there and empty (RFC 6120, 6.4.2).
    first: async () => (initial === "" ? challenge(connection, "") : decode(initial)),
  };
}

async function challenge(connection: Connection, text: string): Promise<string> {
  connection.send(xml("challenge", { xmlns: NS.sasl }, encode(text) || null));
  const response = await connection.next();
  if (response.is("abort", NS.sasl)) throw new SaslRefusal("aborted");
  if (!response.is("response", NS.sasl)) throw new SaslRefusal("malformed-request");
  return decode(response.text());
}

const encode = (text: string): string => encodeBase64(new TextEncoder().encode(text));

function decode(base64: string): string {
  const bytes = base64 === "=" ? new Uint8Array() : decodeBase64(base64);
  if (bytes === undefined) throw new SaslRefusal("incorrect-encoding");
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new SaslRefusal("malformed-request");
  }
}
