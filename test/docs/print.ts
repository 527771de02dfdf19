/** A table of a document. A cell may hold `|`. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`.replaceAll("|  |", "| |");
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join("\n");
}

/** Text as code, which a document may hold in a cell. */
export function code(text: string): string {
  return `\`${text}\``;
}

/** Prose in lines of at most 110 characters. */
export function wrapped(prose: string): string {
  const lines = [""];
  for (const word of prose.split(" ")) {
    const last = lines.at(-1) ?? "";
    if (last !== "" && last.length + word.length >= 110) lines.push(word);
    else lines[lines.length - 1] = last === "" ? word : `${last} ${word}`;
  }
  return lines.join("\n");
}

/**
 * Fills the places of a page that are printed, and leaves the rest as it is:
 *
 *     <!-- printed: NAME -->
 *     …
 *     <!-- end -->
 */
export function fillIn(page: string, print: (name: string) => string): string {
  const place = /(<!-- printed: (.*?) -->\n)[\s\S]*?(<!-- end -->)/g;
  return page.replace(place, (_, begin: string, name: string, end: string) => {
    return `${begin}\n${print(name)}\n\n${end}`;
  });
}
