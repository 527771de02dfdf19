import type { OptionRows } from "../../src/base/option.ts";
import { BROKER_OPTIONS } from "../../src/contract/options.ts";
import { CALLS } from "../../src/contract/rows/call-options.ts";
import { XML_LIMITS } from "../../src/xml/limits.ts";
import { code, table } from "./print.ts";
import type { Member, Source } from "./source.ts";

/** The last sentence of a doc comment may give the default: `Default 1,000.` or `Default: the dialect's.` */
const DEFAULT = /(?:^| )Default:? ((?:`[^`]*`|[^`.]|\.(?=\S))+)\.$/;

/** An option as the documents describe it. */
export interface Described {
  readonly name: string;
  readonly type: string;
  readonly line: string;
  /** The default as its doc comment has it. */
  readonly said: string | undefined;
  readonly members: readonly Member[];
}

/** The description of one option, from its doc comment. */
export function describe(option: Member): Described {
  const { name, type, doc } = option;
  const [tail, said] = DEFAULT.exec(doc) ?? [""];
  return {
    name,
    type,
    line: doc.slice(0, doc.length - tail.length),
    said,
    members: option.members(),
  };
}

/** A default as the documents write it; undefined: the doc comment has to say what happens. */
export function written(fallback: unknown): string | undefined {
  if (typeof fallback === "number") return fallback.toLocaleString("en-US");
  if (typeof fallback === "string" || typeof fallback === "boolean") return code(String(fallback));
  return undefined;
}

/** Prints the options of a broker for `docs/options.md`. */
export function printOptions(source: Source): string {
  const options = source.exported("src/contract/options.ts", "BrokerOptions").members();
  const dialect = options.filter(({ name }) => name in BROKER_OPTIONS.needs);
  const groups = Object.entries(BROKER_OPTIONS.takes as OptionRows).flatMap(([name, { rows }]) => {
    const group = options.find((option) => option.name === name);
    if (rows === undefined || group === undefined) return [];
    return [`## ${code(name)}\n\n${describe(group).line}\n\n${optionTable(rows, group, name)}`];
  });
  const all = optionTable(BROKER_OPTIONS.takes, { members: () => options }, "", dialect);
  return [all, ...groups].join("\n\n");
}

/** Prints the options of calls for `docs/options.md`; calls with the same options share a section. */
export function printCalls(source: Source): string {
  const calls = source.exported("src/contract/rows/call-options.ts", "CALLS").members();
  const names = new Map<OptionRows, string[]>();
  for (const [name, rows] of Object.entries(CALLS as Readonly<Record<string, OptionRows>>)) {
    names.set(rows, [...(names.get(rows) ?? []), name]);
  }
  return [...names]
    .map(([rows, sharing]) => {
      const call = calls.find((each) => each.name === sharing[0]);
      const members = givenTypes(call?.members() ?? []);
      const heading = sharing.map(code).join(", ");
      return `### ${heading}\n\n${optionTable(rows, { members: () => members }, "")}`;
    })
    .join("\n\n");
}

/** Prints the limits of the parser for `docs/xml.md`. */
export function printLimits(source: Source): string {
  const members = source.exported("src/xml/limits.ts", "XmlLimits").members();
  return optionTable(XML_LIMITS, { members: () => members }, "");
}

/** Options by the types of what is given, where only their rows are at hand. */
export function givenTypes(rows: readonly Member[]): Member[] {
  return rows.map((row) => {
    const given = row.members().find(({ name }) => name === "given");
    return given === undefined ? row : { ...given, name: row.name, doc: row.doc };
  });
}

/** A table of options in the order of their rows. */
export function optionTable(
  rows: OptionRows,
  owner: Pick<Member, "members">,
  prefix: string,
  needed: readonly Member[] = [],
): string {
  const members = owner.members();
  const isLimits = Object.keys(XML_LIMITS).every((name) => name in rows);
  const lines = Object.entries(rows).map(([name, { fallback, rows: inner }]) => {
    const member = members.find((each) => each.name === name);
    if (member === undefined) throw new TypeError(`the type has no option ${name}`);
    const { type, line, said } = describe(member);
    const full = prefix === "" ? name : `${prefix}.${name}`;
    const usual =
      inner === undefined
        ? (written(fallback) ?? said ?? "")
        : (said ?? "[below](#" + name.toLowerCase() + ")");
    const early =
      name in XML_LIMITS ? written(XML_LIMITS[name as keyof typeof XML_LIMITS].early) : "";
    return [code(full), code(type), ...(isLimits ? [early ?? ""] : []), usual, line];
  });
  const must = needed.map((member) => [
    code(member.name),
    code(member.type),
    "required",
    member.doc,
  ]);
  const head = ["option", "type", ...(isLimits ? ["before the login"] : []), "default", ""];
  return table(head, [...must, ...lines]);
}
