import ts from "typescript";
import { readDocument } from "./document.ts";

/** A piece of JavaScript or TypeScript in a document. */
export interface Snippet {
  readonly page: string;
  /** The line of the document that its first line is. */
  readonly line: number;
  readonly code: string;
}

/** Every piece of JavaScript and TypeScript in a document, in order. */
export function snippetsOf(page: string): Snippet[] {
  const document = readDocument(page);
  return [...document.matchAll(/^```(?:js|ts)\n([\s\S]*?)^```$/gm)].map((fence) => ({
    page,
    line: document.slice(0, fence.index).split("\n").length + 1,
    code: fence[1] ?? "",
  }));
}

/** A snippet as JavaScript: without its types. */
export function runnable({ code }: Snippet): string {
  const compilerOptions: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.ESNext,
    verbatimModuleSyntax: true,
  };
  return ts.transpileModule(code, { compilerOptions }).outputText;
}

const IMPORT = /^import (?:\{ (.*) \}|(\w+)) from ".*";$/gm;

/**
 * A snippet as a module that can be compiled. It gets the names that it uses without importing: the exports of the
 * package, and the names that the documents speak of all the time. It may declare any of them itself.
 */
export function moduleOf({ code }: Snippet, exports: readonly string[]): string {
  const imports = [...code.matchAll(IMPORT)];
  const imported = imports.flatMap(([, names = "", name = ""]) =>
    [...names.split(","), name].map((each) => /(?:^| )(\w+)$/.exec(each.trim())?.[1] ?? ""),
  );
  const given = (names: readonly string[]): string =>
    names.filter((name) => !imported.includes(name)).join(", ");
  return [
    ...imports.map(([line]) => line),
    `import { ${given(exports)} } from "xmpp-broker";`,
    `import { ${given(["readFile"])} } from "node:fs/promises";`,
    'declare const broker: import("xmpp-broker").Broker;',
    'declare function gate(options: { domain: string; ticket: string }): import("xmpp-broker").Dialect;',
    "export async function snippet() {",
    code.replace(IMPORT, "").replaceAll(/^export /gm, ""),
    "}",
  ].join("\n");
}
