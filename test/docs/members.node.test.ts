import ts from "typescript";
import { expect, test } from "vitest";

const ENTRIES = ["index", "node", "xml", "xpath", "testing/index"].map((name) => `src/${name}.ts`);

/** The exports of an entry, from all its modules. */
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

/** The exports of each entry, and a checker that knows them. */
function exported(): { checker: ts.TypeChecker; symbols: Map<string, ts.Symbol[]> } {
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
  const symbols = ENTRIES.map((entry): [string, ts.Symbol[]] => {
    const source = program.getSourceFile(entry);
    return [entry, source === undefined ? [] : exportsOf(checker, source)];
  });
  return { checker, symbols: new Map(symbols) };
}

const { checker, symbols } = exported();

test.each(ENTRIES)("%s exports something", (entry) => {
  expect(symbols.get(entry)).not.toEqual([]);
});

test("every member of what is exported has a doc comment", () => {
  const bare = new Set<string>();
  let count = 0;
  for (const each of symbols.values()) {
    for (const symbol of each) {
      for (const member of membersOf(checker, symbol)) {
        count++;
        if (ts.getJSDocCommentsAndTags(member).length > 0) continue;
        bare.add(`${symbol.name}.${ts.getNameOfDeclaration(member)?.getText() ?? ""}`);
      }
    }
  }
  expect([...bare]).toEqual([]);
  // (A test that looks at no member would pass as well.)
  expect(count).toBeGreaterThan(200);
});

/** The optional members in a declaration, nested ones too, whose type has no `undefined`. */
function refusingUndefined(node: ts.Node): string[] {
  const isOptional =
    (ts.isPropertySignature(node) || ts.isMethodSignature(node)) &&
    node.questionToken !== undefined;
  const type = isOptional && ts.isPropertySignature(node) ? node.type : undefined;
  const parts = type !== undefined && ts.isUnionTypeNode(type) ? [...type.types] : [type];
  const takesIt = parts.some(
    (part) =>
      part?.kind === ts.SyntaxKind.UndefinedKeyword || part?.kind === ts.SyntaxKind.UnknownKeyword,
  );
  const inside: string[] = [];
  ts.forEachChild(node, (child) => void inside.push(...refusingUndefined(child)));
  return isOptional && !takesIt ? [node.name.getText(), ...inside] : inside;
}

test("every optional member of what is exported takes undefined", () => {
  const refusing = new Set<string>();
  for (const symbol of [...symbols.values()].flat()) {
    for (const declaration of symbol.declarations ?? []) {
      if (!ts.isInterfaceDeclaration(declaration) && !ts.isTypeAliasDeclaration(declaration))
        continue;
      for (const member of refusingUndefined(declaration)) refusing.add(`${symbol.name}.${member}`);
    }
  }
  expect([...refusing]).toEqual([]);
});
