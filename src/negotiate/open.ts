import { BrokerError } from "../base/errors.ts";
import type { StreamHeader } from "../stream/header.ts";
import type { Element } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import type { Login, LoginResult } from "./login.ts";

/** A stream whose headers are exchanged. */
export interface OpenStream {
  readonly header: StreamHeader;
  /** The features that the server offers. `undefined`: a server from before XMPP 1.0, which sends none. */
  readonly features: Element | undefined;
}

/**
 * Opens the stream, or restarts it after authentication (RFC 6120, 4.3.3). It needs nothing.
 *
 *     C: <stream:stream …>
 *     S: <stream:stream version='1.0' …><stream:features>…</stream:features>
 *                                                                           ^ here: resolved
 */
export async function open(
  login: Login,
  attributes?: Readonly<Record<string, string | undefined>>,
): Promise<OpenStream> {
  const header = await login.open(attributes);
  return { header, features: sendsFeatures(header) ? await login.features() : undefined };
}

/**
 * True if an element is `<stream:features/>`. An override may have renamed the stream's namespace, so any namespace
 * will do but those of stanzas.
 */
export function isFeatures({ name, ns }: Element): boolean {
  return name === "features" && ns !== NS.client && ns !== NS.component;
}

/**
 * The features of a stream that must have some. A server from before XMPP 1.0 sends none: then it ends in the server's
 * own reason, which may follow the header, else in `PROTOCOL_ERROR`.
 */
export async function featuresOf(login: Login, { features, header }: OpenStream): Promise<Element> {
  if (features !== undefined) return features;
  const version = header.version === undefined ? "no version" : "a version below 1.0";
  const detail = `the server's stream has ${version}: it may be a server for the legacy dialect`;
  return await login.refuse(new BrokerError("PROTOCOL_ERROR", detail));
}

/** The limits of a stream, as a login tells them. */
type Limits = Pick<LoginResult, "maxBytes" | "idleSeconds">;

/**
 * The limits that the server announces for this stream (XEP-0478, 3.1). A number that the features do not name, or that
 * is none, is missing. Only the features after the login count: before it servers take less.
 */
export function limitsOf(features: Element | undefined): Limits {
  const limits = features?.child("limits", NS.streamLimits);
  return { maxBytes: numberIn(limits, "max-bytes"), idleSeconds: numberIn(limits, "idle-seconds") };
}

function numberIn(limits: Element | undefined, name: string): number | undefined {
  const text = limits?.childText(name)?.trim() ?? "";
  const number = /^[0-9]+$/.test(text) ? Number(text) : 0;
  return number > 0 ? Math.min(number, Number.MAX_SAFE_INTEGER) : undefined;
}

/** Features follow the header from version 1.0 on (RFC 6120, 4.7.5). */
function sendsFeatures({ version }: StreamHeader): boolean {
  return version !== undefined && /^0*[1-9][0-9]*\./.test(version);
}
