import { readdirSync, readFileSync } from "node:fs";

const root = new URL("../../", import.meta.url);

/** A document of this repository, by its path from the root. */
export function readDocument(path: string): string {
  return readFileSync(new URL(path, root), "utf8");
}

/** Where a path from the root is. */
export function locate(path: string): URL {
  return new URL(path, root);
}

/** Every document of this repository. */
export function documentPaths(): string[] {
  const docs = readdirSync(new URL("docs", root)).map((name) => `docs/${name}`);
  const own = readdirSync(root);
  return [...own, ...docs].filter((path) => path.endsWith(".md"));
}

/** The text under a heading, up to the next one of its level or above. */
export function section(document: string, heading: string): string {
  const lines = document.split("\n");
  const start = lines.findIndex((line) => /^#+ /.test(line) && line.endsWith(` ${heading}`));
  if (start < 0) throw new Error(`there is no heading ${heading}`);
  const level = levelOf(lines[start] ?? "");
  const rest = lines.slice(start + 1);
  const end = rest.findIndex((line) => /^#+ /.test(line) && levelOf(line) <= level);
  const text = (end < 0 ? rest : rest.slice(0, end)).join("\n");
  return text.replace(/^<!-- .* -->$/gm, "");
}

/** The rows of the first table in a text, without its head; each cell as it is written. */
export function tableRows(text: string): string[][] {
  const lines = text.split("\n");
  const head = lines.findIndex((line) => /^\| *-/.test(line));
  const rows: string[][] = [];
  for (const line of lines.slice(head + 1)) {
    if (!line.startsWith("|")) break;
    rows.push(
      line
        .slice(1, line.lastIndexOf("|"))
        .split(/(?<!\\)\|/)
        .map((cell) => cell.trim()),
    );
  }
  return rows;
}

/** The texts in backticks of a cell. */
export function codeSpans(cell: string): string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, code]) => code ?? "");
}

/** The fenced blocks of one language, in order. */
export function codeBlocks(document: string, language: string): string[] {
  const fences = document.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm);
  return [...fences].filter(([, tag]) => tag === language).map(([, , code]) => code ?? "");
}

/** The anchors of a document's headings, as forges make them. */
export function anchors(document: string): string[] {
  const withoutCode = document.replace(/^```[\s\S]*?^```$/gm, "");
  return [...withoutCode.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    (heading ?? "")
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, "")
      .trim()
      .replace(/\s/g, "-"),
  );
}

function levelOf(heading: string): number {
  return heading.indexOf(" ");
}
