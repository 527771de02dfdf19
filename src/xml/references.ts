import { isCharacter, isNcName } from "./characters.ts";

/** The entities every XML processor knows; XMPP allows no other (RFC 6120, 11.1). */
const ENTITIES = new Map([
  ["lt", "<"],
  ["gt", ">"],
  ["amp", "&"],
  ["apos", "'"],
  ["quot", '"'],
]);

/** What is wrong with the reference `&text;`, if something is. */
export function referenceFault(text: string): "syntax" | "character" | "entity" | undefined {
  if (!text.startsWith("#")) {
    if (ENTITIES.has(text)) return undefined;
    return isNcName(text) ? "entity" : "syntax";
  }
  const code = codeOf(text);
  if (code < 0) return "syntax";
  return isCharacter(code) ? undefined : "character";
}

/** Replaces references that are known to be right. */
export function expand(text: string): string {
  return text.replace(/&([^;]+);/g, (_, name: string) =>
    name.startsWith("#") ? String.fromCodePoint(codeOf(name)) : (ENTITIES.get(name) ?? ""),
  );
}

/** The number in `#10` or `#x1F339`; -1 if there is none. */
function codeOf(text: string): number {
  if (/^#[0-9]+$/.test(text)) return Number(text.slice(1));
  if (/^#x[0-9a-fA-F]+$/.test(text)) return Number(`0${text.slice(1)}`);
  return -1;
}
