import { BrokerError } from "./errors.ts";
import { readHost } from "./text/host-name.ts";

/**
 * Options whose value no error quotes: secrets, and `tls`, where a caller may give a key by mistake.
 * (`quote` recognizes keys that are given for other options.)
 */
const SECRET = /^(?:\S+\.)?(?:tls|ca|cert|key|password|secret|token)$/;

/** Makes the error for an option: its name, the wanted value, the given one, perhaps a hint. */
export function badOption(option: string, wanted: string, got: unknown, hint = ""): BrokerError {
  const shown = SECRET.test(option) ? kind(got) : show(got);
  return new BrokerError("BAD_OPTION", `${option} must be ${wanted}, got ${shown}${hint}`);
}

/**
 * Copies the members of an options object that are its own: a polluted `Object.prototype` sets no option. Refuses
 * an unknown name, which must not pass for an option that is left out. `title` names the object where it is none.
 * Ends in `BAD_OPTION`.
 */
export function knownOptions<Options extends object>(
  owner: string,
  given: Options,
  known: readonly string[],
  title = `the options of ${owner}`,
): Readonly<Options> {
  const own = Object.create(null) as Record<string, unknown>;
  for (const [name, value] of Object.entries(record(title, given))) {
    if (!known.includes(name)) {
      throw badOption(`an option of ${owner}`, `one of ${known.join(", ")}`, name);
    }
    own[name] = value;
  }
  return own as Readonly<Options>;
}

/** Checks a whole number in a range. Ends in `BAD_OPTION`. */
export function wholeNumber(
  option: string,
  value: unknown,
  least: number,
  most: number = Number.MAX_SAFE_INTEGER,
): number {
  if (typeof value === "number" && Number.isInteger(value) && value >= least && value <= most) {
    return value;
  }
  const range =
    most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw badOption(option, `a whole number ${range}`, value);
}

/** Checks a text that is not empty. Ends in `BAD_OPTION`. */
export function text(option: string, value: unknown): string {
  if (typeof value === "string" && value !== "") return value;
  throw badOption(option, "a text that is not empty", value);
}

/** Checks a host: a name or an address, and nothing around it but the brackets of IPv6. Ends in `BAD_OPTION`. */
export function host(option: string, value: unknown): string {
  const given = text(option, value);
  if (readHost(given) !== undefined) return given;
  const wanted = "a name or an IP address alone, such as example.org (the port goes into `port`)";
  throw badOption(option, wanted, given);
}

/** Checks one of a few values. Ends in `BAD_OPTION`. */
export function oneOf<const Word extends string | boolean>(
  option: string,
  value: unknown,
  words: readonly Word[],
): Word {
  const word = words.find((candidate) => candidate === value);
  if (word !== undefined) return word;
  const wanted = words.length === 1 ? "" : "one of ";
  throw badOption(option, `${wanted}${words.map((w) => JSON.stringify(w)).join(", ")}`, value);
}

/** Checks a flag. Ends in `BAD_OPTION`. */
export function trueOrFalse(option: string, value: unknown): boolean {
  if (typeof value === "boolean") return value;
  throw badOption(option, "true or false", value);
}

/** Checks an object; null and arrays are none. Ends in `BAD_OPTION`. */
export function record(option: string, value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  throw badOption(option, "an object", value);
}

/** Checks an `AbortSignal` by its members, since another realm may have made it. Ends in `BAD_OPTION`. */
export function abortSignal(option: string, value: unknown): AbortSignal {
  const { aborted, addEventListener } = record(option, value);
  if (typeof aborted === "boolean" && typeof addEventListener === "function") {
    return value as AbortSignal;
  }
  throw badOption(option, "an AbortSignal (a controller's `signal`)", value);
}

/** Checks a function. Ends in `BAD_OPTION`. */
export function callable(option: string, value: unknown): void {
  if (typeof value !== "function") throw badOption(option, "a function", value);
}

/** The most characters of a text that an error quotes. */
const QUOTE = 60;

/** The user and password of a URL. */
const USERINFO = /(\/\/)[^/\s]*@/g;

/** Shows a value as an error may. */
function show(value: unknown): string {
  if (typeof value === "string") return quote(value);
  const isSimple = ["bigint", "boolean", "number", "symbol"].includes(typeof value);
  return isSimple ? String(value) : kind(value);
}

/** Puts a text in quotes. Leaves out a key, and the password in a URL. */
function quote(text: string): string {
  if (text.includes("-----BEGIN")) return "a text in PEM";
  const shown = text.replace(USERINFO, "$1…@");
  return JSON.stringify(shown.length > QUOTE ? `${shown.slice(0, QUOTE)}…` : shown);
}

/** Names the kind of a value, which is never secret. */
function kind(value: unknown): string {
  if (value === undefined || value === null) return String(value);
  if (Array.isArray(value)) return value.length === 0 ? "an empty array" : "an array";
  if (typeof value === "object") return "an object";
  if (value === "") return "an empty text";
  return typeof value === "string" ? "a text" : `a ${typeof value}`;
}
