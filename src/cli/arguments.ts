import { parseArgs } from "node:util";
import type { TlsPolicy } from "../transport/tls-facts.ts";

/** The dialects by the names `--dialect` takes. */
export const dialectNames = ["xmpp", "legacy", "component", "jabberd2"] as const;
export type DialectName = (typeof dialectNames)[number];

const tlsPolicies: readonly TlsPolicy[] = ["required", "direct", "opportunistic", "plaintext"];

/** Who logs in, by dialect: clients are addresses, backbone services are domains. */
export type Visitor =
  | { readonly dialect: "xmpp"; readonly jid: string }
  | { readonly dialect: "legacy"; readonly jid: string; readonly plaintext: boolean }
  | { readonly dialect: "component"; readonly domain: string }
  | { readonly dialect: "jabberd2"; readonly domain: string; readonly username: string };

/** A demonstration against a server of the user's. */
export interface Visit {
  readonly visitor: Visitor;
  readonly host: string | undefined;
  readonly port: number | undefined;
  /** The file that holds the certificates to trust. */
  readonly ca: string | undefined;
  readonly tls: TlsPolicy | undefined;
  /** Whether what crosses the wire is printed, redacted. */
  readonly trace: boolean;
}

/** What the command line asks for; `wrong` carries the one line that says what is wrong with it. */
export type Command =
  | { readonly kind: "help" }
  | { readonly kind: "version" }
  | { readonly kind: "demo" }
  | { readonly kind: "visit"; readonly visit: Visit }
  | { readonly kind: "wrong"; readonly line: string };

const options = {
  help: { type: "boolean", short: "h" },
  version: { type: "boolean", short: "v" },
  dialect: { type: "string" },
  jid: { type: "string" },
  domain: { type: "string" },
  username: { type: "string" },
  plaintext: { type: "boolean" },
  host: { type: "string" },
  port: { type: "string" },
  ca: { type: "string" },
  tls: { type: "string" },
  trace: { type: "boolean" },
} as const;

type OptionName = keyof typeof options;

/** Which options say who logs in, by dialect; each of the first list is needed. */
const identity: Record<DialectName, { needs: OptionName[]; takes: OptionName[] }> = {
  xmpp: { needs: ["jid"], takes: [] },
  legacy: { needs: ["jid"], takes: ["plaintext"] },
  component: { needs: ["domain"], takes: [] },
  jabberd2: { needs: ["domain", "username"], takes: [] },
};

/** A complaint about the command line: caught by `readArguments`, never seen outside this file. */
class Wrong {
  readonly line: string;

  constructor(line: string) {
    this.line = line;
  }
}

/** Reads the command line (without the interpreter and the script). Throws nothing. */
export function readArguments(argv: readonly string[]): Command {
  try {
    return read(argv);
  } catch (thrown) {
    if (thrown instanceof Wrong) return { kind: "wrong", line: thrown.line };
    throw thrown;
  }
}

function read(argv: readonly string[]): Command {
  const { given, words } = split(argv);
  if (given.help === true) return { kind: "help" };
  if (given.version === true) return { kind: "version" };

  const [command, ...rest] = words;
  if (command === undefined) wrong("no command given: try xmpp-broker demo");
  if (command !== "demo") wrong(`unknown command ${command}: the one there is, is demo`);
  if (rest[0] !== undefined) wrong(`${rest[0]} is not expected after demo`);

  const names = Object.keys(given);
  if (names.length === 0) return { kind: "demo" };
  if (given.dialect === undefined) wrong(`--${String(names[0])} needs --dialect as well`);
  return { kind: "visit", visit: readVisit(given) };
}

interface Given {
  readonly [name: string]: string | boolean | undefined;
}

/**
 * Cuts the command line into options and words. Node's own parser does the cutting, not strictly:
 * its complaints run over several lines, ours are one.
 */
function split(argv: readonly string[]): { given: Given; words: string[] } {
  const { tokens } = parseArgs({ args: [...argv], options, strict: false, tokens: true });
  const given: Record<string, string | boolean> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") words.push(token.value);
    if (token.kind !== "option") continue;
    const { name, rawName, value } = token;
    if (name === "password" || name === "secret") {
      wrong(`${rawName} is not taken: set XMPP_PASSWORD, or wait to be asked`);
    }
    if (!isOption(name)) wrong(`unknown option ${rawName}`);
    if (options[name].type === "boolean") {
      if (value !== undefined) wrong(`${rawName} takes no value`);
      given[name] = true;
    } else {
      if (value === undefined || value === "" || (!token.inlineValue && value.startsWith("-"))) {
        wrong(`${rawName} needs a value`);
      }
      if (name in given) wrong(`${rawName} is given twice`);
      given[name] = value;
    }
  }
  return { given, words };
}

function readVisit(given: Given): Visit {
  return {
    visitor: readVisitor(given),
    host: text(given, "host"),
    port: readPort(text(given, "port")),
    ca: text(given, "ca"),
    tls: oneOf("--tls", tlsPolicies, text(given, "tls")),
    trace: given.trace === true,
  };
}

function readVisitor(given: Given): Visitor {
  const dialect = oneOf("--dialect", dialectNames, text(given, "dialect"));
  if (dialect === undefined) wrong("--dialect needs a value");
  const { needs, takes } = identity[dialect];
  for (const name of ["jid", "domain", "username", "plaintext"] as const) {
    const wanted = needs.includes(name) || takes.includes(name);
    if (given[name] !== undefined && !wanted) {
      wrong(`--${name} does not go with --dialect ${dialect}, which wants ${spell(needs)}`);
    }
  }
  const missing = needs.filter((name) => given[name] === undefined);
  if (missing.length > 0) wrong(`--dialect ${dialect} needs ${spell(missing)}`);

  const jid = text(given, "jid") ?? "";
  const domain = text(given, "domain") ?? "";
  switch (dialect) {
    case "xmpp":
      return { dialect, jid };
    case "legacy":
      return { dialect, jid, plaintext: given.plaintext === true };
    case "component":
      return { dialect, domain };
    case "jabberd2":
      return { dialect, domain, username: text(given, "username") ?? "" };
  }
}

function readPort(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const port = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (port < 1 || port > 65_535) wrong(`--port must be from 1 to 65535, got ${value}`);
  return port;
}

function oneOf<Value extends string>(
  option: string,
  values: readonly Value[],
  value: string | undefined,
): Value | undefined {
  if (value === undefined) return undefined;
  const found = values.find((candidate) => candidate === value);
  if (found === undefined) wrong(`${option} must be one of ${values.join(", ")}, got ${value}`);
  return found;
}

function text(given: Given, name: OptionName): string | undefined {
  const value = given[name];
  return typeof value === "string" ? value : undefined;
}

function isOption(name: string): name is OptionName {
  return Object.hasOwn(options, name);
}

function spell(names: readonly OptionName[]): string {
  return names.map((name) => `--${name}`).join(" and ");
}

function wrong(line: string): never {
  // Not an error of the library's: it never leaves this file, and has no use for a stack.
  // eslint-disable-next-line @typescript-eslint/only-throw-error
  throw new Wrong(line);
}
