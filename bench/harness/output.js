/** Prints tables while they fill, and keeps them for the results. */
export class Output {
  /** @type {Section[]} */
  sections = [];
  #stream;
  #progress = false;

  /**
   * @param {{ quiet?: boolean }} options `quiet`: standard output is for the JSON
   *
   * @typedef {{ id: string, title: string, note?: string, columns: Column[], rows: Row[] }} Section
   * @typedef {{ key: string, label: string, digits?: number, width?: number }} Column
   * @typedef {Record<string, string | number | undefined>} Row
   */
  constructor({ quiet = false } = {}) {
    this.#stream = quiet ? process.stderr : process.stdout;
  }

  say(text = "") {
    this.progress("");
    this.#stream.write(text + "\n");
  }

  /** Prints a line that the next one overwrites. On a pipe it prints nothing. */
  progress = (text) => {
    if (!process.stderr.isTTY) return;
    if (text === "" && !this.#progress) return;
    process.stderr.write(`\r\x1b[K${text}`);
    this.#progress = text !== "";
  };

  /**
   * Opens a table; `row` adds to it and prints at once.
   *
   * @param {Omit<Section, "rows">} head
   */
  table(head) {
    const section = { ...head, rows: [] };
    this.sections.push(section);
    const widths = head.columns.map(({ label, width = 9 }, i) =>
      i === 0 ? Math.max(30, width) : Math.max(label.length, width),
    );
    const line = (cells) =>
      cells
        .map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i])))
        .join("  ");
    this.say(`\n${head.title}`);
    if (head.note) this.say(`  ${head.note}`);
    this.say("  " + line(head.columns.map(({ label }) => label)));
    return {
      row: (row) => {
        section.rows.push(row);
        this.say("  " + line(head.columns.map((column) => show(row[column.key], column))));
      },
    };
  }
}

/** A cell as people read it. @param {string | number | undefined} value */
export function show(value, { digits } = {}) {
  if (value === undefined || value === null || Number.isNaN(value)) return "–";
  if (typeof value === "string") return value;
  const size = Math.abs(value);
  const wanted = digits ?? (size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2);
  return value.toLocaleString("en", {
    minimumFractionDigits: wanted,
    maximumFractionDigits: wanted,
  });
}
