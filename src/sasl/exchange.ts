import { decodeBase64, encodeBase64 } from "../base/text/base64.ts";
import { AuthError } from "./auth-error.ts";
import { type Exchange, type Mechanism, reveals } from "./mechanism.ts";

/** A message of the server. Data is base64; `""` is data of no bytes, `undefined` is no data. */
export type ServerMessage =
  | { readonly kind: "challenge"; readonly data: string }
  | { readonly kind: "success"; readonly data: string | undefined }
  | {
      readonly kind: "failure";
      /** The condition, if the server names one. */
      readonly condition: string | undefined;
      /** The explanation for a human being, if there is one. */
      readonly text: string | undefined;
    };

/**
 * Carries the messages of an exchange (RFC 4422, 4): knows how they look on the wire, and nothing of
 * what they say. Data is base64; `""` is data of no bytes, `undefined` is no data.
 */
export interface Carrier {
  /** Sends the name of the mechanism and the initial response. */
  start(mechanism: string, initial: string | undefined): void;
  /** Sends the response to a challenge. */
  respond(data: string): void;
  /** Tells the server that the client gives the exchange up. */
  abort(): void;
  /** Waits for the next message of the server. Rejects when anything else comes. */
  next(): Promise<ServerMessage>;
}

/**
 * Runs one exchange. Resolves with `undefined` when the login has succeeded, and with an `AuthError`
 * when the server refused it. Rejects with an `AuthError` when this side refuses to go on, and with
 * the errors of the carrier.
 *
 *     C: the mechanism, the initial response
 *     S: a challenge
 *        ^ here, as long as the exchange has an answer
 *     C: a response
 *     S: success, with data or without
 */
export async function runExchange(
  carrier: Carrier,
  mechanism: Mechanism,
  exchange: Exchange,
): Promise<AuthError | undefined> {
  const initial = await exchange.start();
  carrier.start(mechanism.name, initial === undefined ? undefined : encodeBase64(initial));
  for (;;) {
    const message = await carrier.next();
    switch (message.kind) {
      case "success":
        await exchange.finish(
          message.data === undefined ? undefined : read(message.data, mechanism),
        );
        return undefined;
      case "failure":
        return refusal(message, mechanism);
      case "challenge":
        carrier.respond(encodeBase64(await answer(carrier, mechanism, exchange, message.data)));
    }
  }
}

/** The answer to a challenge. Where there is none, the server is told so (RFC 6120, 6.4.4). */
async function answer(
  carrier: Carrier,
  mechanism: Mechanism,
  exchange: Exchange,
  challenge: string,
): Promise<Uint8Array> {
  try {
    return await exchange.answer(read(challenge, mechanism));
  } catch (error) {
    carrier.abort();
    throw error;
  }
}

function read(data: string, { name }: Mechanism): Uint8Array {
  const bytes = decodeBase64(data);
  if (bytes !== undefined) return bytes;
  throw new AuthError(name, { detail: "the server sent data that is not base64" });
}

function refusal(
  { condition, text }: Extract<ServerMessage, { kind: "failure" }>,
  mechanism: Mechanism,
): AuthError {
  // A server that has seen the secret may repeat it in its text: then only the condition is told.
  const detail = reveals(mechanism) ? undefined : text?.trim();
  return new AuthError(mechanism.name, {
    condition: condition ?? "not-authorized",
    detail: detail === "" ? undefined : detail,
  });
}
