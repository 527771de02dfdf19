import { BrokerError } from "../../base/errors.ts";

/** The side of a connection: `S` is the server, `C` the client. */
export type Side = "S" | "C";

/** One step of a script, from the side that follows it. */
export type Step =
  /** Sends the text, its `{names}` filled in. */
  | { readonly kind: "say"; readonly text: string }
  | { readonly kind: "say-bytes"; readonly bytes: Uint8Array }
  /** Ends our half of the connection. */
  | { readonly kind: "end" }
  /** Drops the connection. */
  | { readonly kind: "cut" }
  /** Waits for text that begins like the pattern; `fresh` are the names that it notes. */
  | { readonly kind: "read"; readonly text: string; readonly fresh: ReadonlySet<string> }
  /** Waits for the end of the other half. */
  | { readonly kind: "read-end" }
  /** Waits for text that has the text or a match somewhere, and takes all up to its end. */
  | { readonly kind: "until"; readonly what: string | RegExp };

/** The values that the `{names}` of a script stand for. */
export type Notes = Map<string, string>;

const NAME = /\{(\w+)\}/g;

/**
 * Reads a script. `noted` holds the names that earlier lines note, and gets those of this script.
 * Ends in `BAD_OPTION`, which names the line, when a line is none of a script.
 */
export function parseScript(script: string, speaks: Side, noted: Set<string>): Step[] {
  const lines: { readonly by: string; readonly number: number; text: string }[] = [];
  for (const [index, raw] of script.split("\n").entries()) {
    const text = raw.trim();
    if (text === "" || text.startsWith("#")) continue;
    const said = /^([SC]):(.*)$/.exec(text);
    const last = lines.at(-1);
    if (said !== null) {
      lines.push({ by: said[1] ?? "", number: index + 1, text: (said[2] ?? "").trim() });
    } else if (last !== undefined) {
      last.text += text;
    } else {
      throw bad(index + 1, `must begin with S:, C: or #, got ${text}`);
    }
  }
  const own = new Set<string>();
  return lines.map(({ by, number, text }) => {
    if (by === speaks) return ownStep(text, number, noted);
    if (text === "(end)") return { kind: "read-end" };
    const names = [...text.matchAll(NAME)].map(([, name = ""]) => name);
    const fresh = new Set(names.filter((name) => !own.has(name)));
    for (const name of fresh) {
      own.add(name);
      noted.add(name);
    }
    return { kind: "read", text, fresh };
  });
}

function ownStep(text: string, line: number, noted: ReadonlySet<string>): Step {
  const [, action, rest = ""] = /^\((\w+)((?: [^)]*)?)\)$/.exec(text) ?? [];
  switch (action) {
    case undefined:
      for (const [, name = ""] of text.matchAll(NAME)) {
        if (!noted.has(name)) throw bad(line, `says {${name}}, which no line before it notes`);
      }
      return { kind: "say", text };
    case "end":
    case "cut":
      return { kind: action };
    case "bytes": {
      const pairs = rest.trim().split(/\s+/);
      if (!pairs.every((pair) => /^[0-9a-f]{2}$/i.test(pair))) {
        throw bad(line, `must have pairs of hexadecimal digits, got ${text}`);
      }
      const bytes = Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16));
      return { kind: "say-bytes", bytes };
    }
    default:
      throw bad(line, `must be (end), (cut), (bytes …) or XML, got ${text}`);
  }
}

/** The text with its `{names}` filled in. */
export const filled = (text: string, notes: Notes): string =>
  text.replace(NAME, (_, name: string) => notes.get(name) ?? "");

/**
 * How much of the text a pattern takes; it may also match later, when more has come, or never.
 * `…` is any text. A fresh `{name}` is any value without quotes or tags, and is noted; another one
 * is the value noted before. Either quote matches either quote, and an XML declaration may precede
 * a pattern that has none.
 */
export function take(
  { text: pattern, fresh }: Extract<Step, { kind: "read" }>,
  text: string,
  notes: Notes,
): number | "later" | "never" {
  const skipped = pattern.startsWith("<?xml") ? 0 : declarationLength(text);
  if (skipped === "later") return "later";
  const rest = text.slice(skipped);
  const names: string[] = [];
  /** The text before the first part that may be anything. */
  let literal = "";
  let source = "^";
  for (const part of pattern.split(/(…|\{\w+\})/)) {
    const name = /^\{(\w+)\}$/.exec(part)?.[1];
    const exact = name === undefined ? part : notes.get(name);
    if (part === "…") source += "[\\s\\S]*?";
    else if (name !== undefined && names.includes(name)) source += `\\${names.indexOf(name) + 1}`;
    else if (name !== undefined && fresh.has(name)) {
      names.push(name);
      source += "([^'\"<>]*)";
    } else {
      if (source === `^${literally(literal)}`) literal += exact ?? "";
      source += literally(exact ?? "");
    }
  }
  const match = new RegExp(source).exec(rest);
  if (match !== null) {
    for (const [index, name] of names.entries()) notes.set(name, match[index + 1] ?? "");
    return skipped + match[0].length;
  }
  const length = Math.min(literal.length, rest.length);
  return alike(literal.slice(0, length)) === alike(rest.slice(0, length)) ? "later" : "never";
}

/** Where the first match ends; `later` if there is none yet. */
export function endOf(what: string | RegExp, text: string): number | "later" {
  if (typeof what === "string") {
    const start = text.indexOf(what);
    return start < 0 ? "later" : start + what.length;
  }
  // A sticky or global expression would remember where it was.
  const match = new RegExp(what.source, what.flags.replace(/[gy]/g, "")).exec(text);
  return match === null ? "later" : match.index + match[0].length;
}

/** A step as a script has it. */
export function shown(step: Step): string {
  switch (step.kind) {
    case "read":
    case "say":
      return step.text;
    case "until":
      return String(step.what);
    case "read-end":
    case "end":
      return "(end)";
    case "cut":
      return "(cut)";
    case "say-bytes":
      return "(bytes …)";
  }
}

function declarationLength(text: string): number | "later" {
  if (!"<?xml".startsWith(text.slice(0, 5))) return 0;
  const end = text.indexOf("?>");
  return end < 0 ? "later" : end + 2;
}

const literally = (text: string): string =>
  text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&").replace(/['"]/g, "['\"]");

const alike = (text: string): string => text.replaceAll('"', "'");

const bad = (line: number, detail: string): BrokerError =>
  new BrokerError("BAD_OPTION", `line ${line} of the script ${detail}`);
