/** The indent of a line that continues another. */
const HANGING = "    ";

/**
 * Cuts a text between words into lines of at most `columns`. A longer word stands on a line of its own. Colours take
 * no room.
 */
export function wrap(text: string, columns: number, indent = ""): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/ +/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line === "" || width(indent + longer) <= columns) line = longer;
    else {
      lines.push(indent + line);
      line = word;
    }
  }
  return [...lines, indent + line];
}

/**
 * Lays out the parts of a line: beside one another, two spaces apart, as far as they fit, the others below.
 *
 *     12.3 ms  tls:success  TLSv1.3, TLS_AES_256_GCM_SHA384
 *
 *     12.3 ms  tls:success
 *         TLSv1.3, TLS_AES_256_GCM_SHA384
 *
 * `hanging` is the indent of the lines below.
 */
export function layOut(parts: readonly string[], columns: number, hanging = HANGING): string[] {
  const [first = "", ...others] = parts;
  const lines = fitted(first, columns, "");
  for (const part of others) {
    const last = lines.at(-1) ?? "";
    const beside = `${last}  ${part}`;
    if (width(beside.trimEnd()) <= columns) lines[lines.length - 1] = beside;
    else lines.push(...fitted(part.trim(), columns, hanging));
  }
  return lines.map((line) => line.trimEnd());
}

/** The least room for explanations beside their names. */
const LEAST_ROOM = 32;

/** Lays out names with their explanations: in two columns if there is room, else one below the other. */
export function list(rows: readonly (readonly [string, string])[], columns: number): string[] {
  const widest = Math.max(...rows.map(([name]) => width(name)));
  const second = widest + 4;
  return rows.flatMap(([name, line]) => {
    if (columns - second < LEAST_ROOM) {
      return [...wrap(name, columns, "  "), ...wrap(line, columns, HANGING)];
    }
    const [first = "", ...others] = wrap(line, columns, " ".repeat(second));
    return [`  ${name.padEnd(widest)}  ${first.trimStart()}`, ...others];
  });
}

/** The text as it is if it fits, with its own spaces; else wrapped. */
function fitted(text: string, columns: number, indent: string): string[] {
  if (width(indent + text) <= columns) return [indent + text];
  const own = /^ */.exec(text)?.[0] ?? "";
  return wrap(text.trim(), columns, indent + own);
}

function width(text: string): number {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: colours begin with one
  return text.replace(/\u001b\[\d+m/g, "").length;
}
