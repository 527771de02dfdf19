import { type ExecFileSyncOptionsWithStringEncoding, execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { locate, readDocument } from "../docs/document.ts";

/** The most that the package may take on the disk. A KiB is 1,024 bytes. */
const BUDGET_KIB = 1_500;

interface Packed {
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string }[];
}

let packed: Packed = { unpackedSize: 0, files: [] };
let paths: readonly string[] = [];

beforeAll(() => {
  const cwd = fileURLToPath(locate("."));
  const options: ExecFileSyncOptionsWithStringEncoding = {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
  };
  // This builds the package first, as publishing does.
  const listing = execFileSync("npm", ["pack", "--dry-run", "--json"], options);
  [packed = packed] = JSON.parse(listing) as Packed[];
  paths = packed.files.map(({ path }) => path);
});

describe("the installed package", () => {
  test(`takes at most ${BUDGET_KIB} KiB`, () => {
    expect(packed.unpackedSize / 1024).toBeLessThanOrEqual(BUDGET_KIB);
    // A budget with much room left would not notice what is packed by mistake.
    expect(packed.unpackedSize / 1024).toBeGreaterThan(BUDGET_KIB * 0.8);
  });

  test("holds every file that its entries name", () => {
    const { exports } = JSON.parse(readDocument("package.json")) as { readonly exports: object };
    const named = [...JSON.stringify(exports).matchAll(/"\.\/(dist\/[^"]+)"/g)].map(
      ([, path]) => path,
    );
    expect(named.length).toBeGreaterThan(0);
    expect(named.filter((path) => !paths.includes(path ?? ""))).toEqual([]);
  });

  test.each([".js", ".d.ts"])("holds every module that a file ending in %s imports", (ending) => {
    const files = paths.filter((path) => path.startsWith("dist/") && path.endsWith(ending));
    expect(files.length).toBeGreaterThan(0);
    const missing = files.flatMap((file) => {
      const text = readFileSync(locate(file), "utf8");
      const imports = [...text.matchAll(/(?:from|import\()\s*"(\.[^"]+)"/g)];
      return imports
        .map(([, path = ""]) => join(dirname(file), path.replace(/\.[jt]s$/, ending)))
        .filter((path) => !paths.includes(path))
        .map((path) => `${file}: ${path}`);
    });
    expect(missing).toEqual([]);
  });

  test("documents its declarations, and its modules hold no second copy", () => {
    const documented = (ending: string) => {
      return paths.filter((path) => {
        return path.startsWith("dist/") && path.endsWith(ending) && holdsComment(path);
      });
    };
    expect(documented(".d.ts")).toContain("dist/broker/broker.d.ts");
    expect(documented(".js")).toEqual([]);
  });
});

function holdsComment(path: string): boolean {
  return /^\s*\/\*\*/m.test(readFileSync(locate(path), "utf8"));
}
