/** All that an error says in any of its members, with that of its causes: a text to look for a secret in. */
export function told(value: unknown, seen = new Set<unknown>()): string {
  if (typeof value !== "object" || value === null) return String(value);
  if (seen.has(value)) return "";
  seen.add(value);
  const names = [...Object.getOwnPropertyNames(value)];
  return names
    .map((name) => `${name}: ${told((value as Record<string, unknown>)[name], seen)}`)
    .join("\n");
}
