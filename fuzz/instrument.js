import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import ts from "typescript";

const SRC = fileURLToPath(new URL("../src/", import.meta.url));

/** Layers that run without anything around them, lowest first. */
const LAYERS = ["base", "xml", "jid", "xpath"];

/**
 * Compiles the lower layers with a counter in every branch, into a folder of its own, and returns how
 * to load them. `coverage` holds the counters of all of them.
 */
export function instrument() {
  const folder = mkdtempSync(join(tmpdir(), "fuzz-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  let counters = 0;
  for (const layer of LAYERS) {
    for (const file of readdirSync(join(SRC, layer), { recursive: true })) {
      if (!file.endsWith(".ts") || file.startsWith("node-")) continue;
      const path = join(layer, file);
      const text = readFileSync(join(SRC, path), "utf8");
      const counting = layer !== "base";
      const { outputText } = ts.transpileModule(text, {
        fileName: path,
        compilerOptions: {
          target: ts.ScriptTarget.ES2022,
          module: ts.ModuleKind.ESNext,
          rewriteRelativeImportExtensions: true,
          verbatimModuleSyntax: true,
        },
        transformers: counting ? { before: [(context) => visitor(context, () => counters++)] } : {},
      });
      const to = join(folder, path.replace(/\.ts$/, ".js"));
      mkdirSync(dirname(to), { recursive: true });
      writeFileSync(to, outputText);
    }
  }
  const coverage = new Uint8Array(counters);
  globalThis.__hit = coverage;
  return { coverage, load: (path) => import(pathToFileURL(join(folder, path)).href) };
}

/** Puts `__hit[n]++` at the head of every block, and around every arm of a condition. */
function visitor(context, next) {
  const { factory } = context;
  const hit = () =>
    factory.createPostfixIncrement(
      factory.createElementAccessExpression(factory.createIdentifier("__hit"), next()),
    );
  const counted = (expression) =>
    factory.createParenthesizedExpression(factory.createComma(hit(), expression));
  const visit = (node) => {
    const inner = ts.visitEachChild(node, visit, context);
    if (ts.isBlock(inner)) {
      return factory.updateBlock(inner, [
        factory.createExpressionStatement(hit()),
        ...inner.statements,
      ]);
    }
    if (ts.isIfStatement(inner) && !ts.isBlock(inner.thenStatement)) {
      const then = factory.createBlock([
        factory.createExpressionStatement(hit()),
        inner.thenStatement,
      ]);
      return factory.updateIfStatement(inner, inner.expression, then, inner.elseStatement);
    }
    if (ts.isConditionalExpression(inner)) {
      return factory.updateConditionalExpression(
        inner,
        inner.condition,
        inner.questionToken,
        counted(inner.whenTrue),
        inner.colonToken,
        counted(inner.whenFalse),
      );
    }
    if (ts.isCaseOrDefaultClause(inner)) {
      const statements = [factory.createExpressionStatement(hit()), ...inner.statements];
      return ts.isCaseClause(inner)
        ? factory.updateCaseClause(inner, inner.expression, statements)
        : factory.updateDefaultClause(inner, statements);
    }
    const { kind } = ts.isBinaryExpression(inner) ? inner.operatorToken : {};
    if (kind === ts.SyntaxKind.AmpersandAmpersandToken || kind === ts.SyntaxKind.BarBarToken) {
      return factory.updateBinaryExpression(
        inner,
        inner.left,
        inner.operatorToken,
        counted(inner.right),
      );
    }
    return inner;
  };
  return (file) => ts.visitNode(file, visit);
}
