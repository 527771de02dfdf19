import ts from "typescript";
import { locate } from "./document.ts";

/** One member of a type of the source, as a reader of the documents sees it. */
export interface Member {
  readonly name: string;
  /** Its type, as it is written; without `undefined`. */
  readonly type: string;
  /** Its doc comment, on one line. */
  readonly doc: string;
  /** The members of its type. */
  members(): Member[];
}

const TYPES = ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias | ts.SymbolFlags.Class;
const OBJECTS = ts.TypeFlags.Object | ts.TypeFlags.Intersection;

/** The source with its types and its doc comments, which the pages of `docs/` are printed from. */
export class Source {
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;

  constructor(entries: readonly string[]) {
    const { config } = ts.readConfigFile(locate("tsconfig.json").pathname, (path) =>
      ts.sys.readFile(path),
    ) as { config: unknown };
    const root = locate(".").pathname;
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, root);
    const files = entries.map((path) => locate(path).pathname);
    this.#program = ts.createProgram(files, { ...options, noEmit: true });
    this.#checker = this.#program.getTypeChecker();
  }

  /** A type, a function or a constant that a file exports. */
  exported(path: string, name: string): Member {
    return this.#member(this.#export(path, name));
  }

  /** The text of a tag in the doc comment of an export, such as `example`. */
  tag(path: string, name: string, tag: string): string {
    const tags = this.#export(path, name).getJsDocTags(this.#checker);
    return ts.displayPartsToString(tags.find((each) => each.name === tag)?.text);
  }

  #export(path: string, name: string): ts.Symbol {
    const file = this.#program.getSourceFile(locate(path).pathname);
    const module = file === undefined ? undefined : this.#checker.getSymbolAtLocation(file);
    const found = module === undefined ? [] : this.#checker.getExportsOfModule(module);
    const symbol = found.find((each) => each.name === name);
    if (symbol === undefined) throw new TypeError(`${path} exports no ${name}`);
    return symbol;
  }

  #member(symbol: ts.Symbol): Member {
    const isType = (symbol.flags & TYPES) !== 0;
    const type = this.#checker.getNonNullableType(
      isType
        ? this.#checker.getDeclaredTypeOfSymbol(symbol)
        : this.#checker.getTypeOfSymbol(symbol),
    );
    const comment = ts.displayPartsToString(symbol.getDocumentationComment(this.#checker));
    return {
      name: symbol.name,
      type: this.#print(type),
      doc: comment.replace(/\s+/g, " ").trim(),
      members: () =>
        (type.isUnion() ? type.types : [type])
          .filter((part) => (part.flags & OBJECTS) !== 0)
          .filter((part) => part.getCallSignatures().length === 0)
          .flatMap((part) => this.#checker.getPropertiesOfType(part))
          .map((each) => this.#member(each)),
    };
  }

  /** The compiler's order of a union depends on code elsewhere, so its parts are sorted. */
  #print(type: ts.Type): string {
    const text = (part: ts.Type): string =>
      this.#checker.typeToString(part, undefined, ts.TypeFormatFlags.NoTruncation);
    const isPlain = !type.isUnion() || type.aliasSymbol !== undefined;
    if (isPlain || (type.flags & ts.TypeFlags.Boolean) !== 0) return text(type);
    if (type.types.some((part) => part.aliasSymbol !== undefined)) return text(type);
    return type.types.map(text).sort().join(" | ");
  }
}
