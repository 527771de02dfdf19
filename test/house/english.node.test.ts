import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { locate } from "../docs/document.ts";

/** The words that open a riddle instead of a sentence (CONTRIBUTING.md, "Plain English"). */
const RIDDLE = /^(?:Whether|What(?:ever)?|Who(?:ever|se|m)?|Which(?:ever)?|Nobody|Those|Of)\b/;

/** Every file of the repository with one of these endings. The corpus of the ancestor's words is not ours. */
function filesOf(...endings: string[]): string[] {
  const cwd = fileURLToPath(locate("."));
  const listed = execFileSync("git", ["ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd,
    encoding: "utf8",
  });
  const paths = listed
    .split("\n")
    .filter((path) => endings.some((ending) => path.endsWith(ending)));
  return paths.filter((path) => !path.startsWith("test/fixtures/"));
}

/** A paragraph, a cell, a list item or a comment, and the line where it begins. */
interface Block {
  readonly line: number;
  readonly text: string;
}

/** Joins the lines that belong together. A line for which `begins` is true begins a new block. */
function blocksOf(
  lines: readonly (string | undefined)[],
  begins: (line: string) => boolean,
): Block[] {
  const blocks: Block[] = [];
  let open: { line: number; text: string } | undefined;
  for (const [index, line] of lines.entries()) {
    if (line === undefined || line.trim() === "") open = undefined;
    else if (open === undefined || begins(line)) {
      open = { line: index + 1, text: line.trim() };
      blocks.push(open);
    } else open.text += ` ${line.trim()}`;
  }
  return blocks;
}

const MARK = /^\s*(?:[-*] |\d+\. |#+ )\s*/;

/** The paragraphs, headings, list items and cells of a page, without its code. */
function blocksOfPage(page: string): Block[] {
  let isCode = false;
  const lines = page.split("\n").map((line) => {
    if (!line.trimStart().startsWith("```")) return isCode ? undefined : line;
    isCode = !isCode;
    return undefined;
  });
  const isRow = (line: string): boolean => line.startsWith("|");
  return blocksOf(lines, (line) => MARK.test(line) || isRow(line)).flatMap(({ line, text }) => {
    const cells = isRow(text) ? text.split("|") : [text.replace(MARK, "")];
    return cells.map((cell) => ({ line, text: cell.trim() }));
  });
}

/** The comments of a module that have lines of their own. */
function blocksOfModule(code: string): Block[] {
  const lines = code.split("\n").map((line) => {
    const [, text] = /^\s*(?:\/\*\*?|\*(?!\/)|\/\/)(.*?)(?:\*\/)?$/.exec(line) ?? [];
    return text?.trim().startsWith("@") === true ? undefined : text;
  });
  return blocksOf(lines, () => false);
}

/** The sentences that open with one of the words. A question may. */
function riddlesIn(blocks: readonly Block[]): string[] {
  return blocks.flatMap(({ line, text }) => {
    return text
      .split(/(?<=[.:;?!][*_)"”]*)\s+|(?<=\()/)
      .map((sentence) => sentence.replace(/^[`*_"“]+/, ""))
      .filter((sentence) => RIDDLE.test(sentence) && !sentence.endsWith("?"))
      .map((sentence) => `${line}: ${sentence}`);
  });
}

describe("riddles are found", () => {
  test.each([
    ["What the queue holds.", 1],
    ["- **Queue.** Whoever waits longest goes first.", 1],
    ["| `send` | Whether it was sent. |", 1],
    ["The queue is empty. Of two, the first\ngoes.", 1],
    ["## What was found", 1],
    ["What is it?", 0],
    ["```\nWhat is in code\n```", 0],
    ["The queue holds what waits.", 0],
  ])("in a page: %j", (page, count) => {
    expect(riddlesIn(blocksOfPage(page))).toHaveLength(count);
  });

  test.each([
    ["/** Whether it is open. */", 1],
    ["/**\n * Opens it.\n *\n * Nobody is told.\n */", 1],
    ["// The first\n// line. Who waits, goes.", 1],
    ["/**\n * Opens it.\n * @param {string} name\n */", 0],
    ['const words = "What is said";', 0],
  ])("in a module: %j", (code, count) => {
    expect(riddlesIn(blocksOfModule(code))).toHaveLength(count);
  });
});

test.each([
  ["pages", [".md"], blocksOfPage],
  ["comments", [".ts", ".js", ".cjs"], blocksOfModule],
] as const)("no sentence of the %s opens with a riddle", (_what, endings, read) => {
  const files = filesOf(...endings);
  expect(files.length).toBeGreaterThan(10);
  const found = files.flatMap((path) => {
    const riddles = riddlesIn(read(readFileSync(locate(path), "utf8")));
    return riddles.map((riddle) => `${path}:${riddle}`);
  });
  expect(found).toEqual([]);
});
