import ts from "typescript";
import { expect, test } from "vitest";

const ENTRIES = ["index", "node", "xml", "xpath", "testing/index"].map((name) => `src/${name}.ts`);

/** What an entry exports, wherever it stands. */
function exportsOf(checker: ts.TypeChecker, entry: ts.SourceFile): ts.Symbol[] {
  const module = checker.getSymbolAtLocation(entry);
  if (module === undefined) return [];
  return checker
    .getExportsOfModule(module)
    .map((symbol) =>
      (symbol.flags & ts.SymbolFlags.Alias) === 0 ? symbol : checker.getAliasedSymbol(symbol),
    );
}

/** The members of a class or interface, static and inherited ones too. */
function membersOf(checker: ts.TypeChecker, symbol: ts.Symbol): ts.Declaration[] {
  if ((symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface)) === 0) return [];
  const own = checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(symbol));
  return [...own, ...(symbol.exports?.values() ?? [])]
    .flatMap((member) => member.declarations ?? [])
    .filter((member) => !isPrivate(member));
}

/** Not for a reader; or the `name` of an error, of which the class it overrides says all. */
function isPrivate(member: ts.Declaration): boolean {
  const name = ts.getNameOfDeclaration(member);
  if (name === undefined || ts.isPrivateIdentifier(name)) return true;
  const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Override;
  return (ts.getCombinedModifierFlags(member) & hidden) !== 0;
}

test("every member of what is exported has a doc comment", () => {
  const options: ts.CompilerOptions = {
    target: ts.ScriptTarget.ES2022,
    module: ts.ModuleKind.NodeNext,
    allowImportingTsExtensions: true,
    noEmit: true,
    noLib: true,
    types: [],
  };
  const program = ts.createProgram(ENTRIES, options);
  const checker = program.getTypeChecker();
  const bare = new Set<string>();
  let count = 0;
  for (const entry of ENTRIES) {
    const source = program.getSourceFile(entry);
    const symbols = source === undefined ? [] : exportsOf(checker, source);
    expect(symbols, entry).not.toHaveLength(0);
    for (const symbol of symbols) {
      for (const member of membersOf(checker, symbol)) {
        count++;
        if (ts.getJSDocCommentsAndTags(member).length > 0) continue;
        bare.add(`${symbol.name}.${ts.getNameOfDeclaration(member)?.getText() ?? ""}`);
      }
    }
  }
  expect([...bare]).toEqual([]);
  // (What looks at nothing finds nothing.)
  expect(count).toBeGreaterThan(200);
});
