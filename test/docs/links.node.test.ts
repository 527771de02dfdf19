import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { anchors, documentPaths, locate, readDocument } from "./document.ts";

/** The links of a document that stay in this repository: path from the root, anchor. */
function localLinks(path: string): { target: string; anchor: string | undefined }[] {
  const prose = readDocument(path)
    .replace(/^```(?!mermaid)[\s\S]*?^```$/gm, "")
    .replace(/`[^`\n]*`/g, "");
  const markdown = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link ?? "");
  const mermaid = [...prose.matchAll(/^\s*click \w+ (?:href )?"([^"]+)"/gm)].map(
    ([, link]) => link ?? "",
  );
  const here = new URL(path, "file:///");
  return [...markdown, ...mermaid]
    .filter((link) => !/^[a-z]+:/.test(link))
    .map((link) => {
      const url = new URL(link, here);
      const anchor = url.hash === "" ? undefined : url.hash.slice(1);
      return { target: url.pathname.slice(1), anchor };
    });
}

test.each(documentPaths())("every link of %s leads somewhere", (path) => {
  const broken = localLinks(path).filter(({ target, anchor }) => {
    if (!existsSync(locate(target))) return true;
    return anchor !== undefined && !anchors(readDocument(target)).includes(anchor);
  });
  expect(broken).toEqual([]);
});

test("the documents a newcomer is sent to are all there", () => {
  expect(documentPaths()).toEqual(
    expect.arrayContaining([
      "README.md",
      "CHANGELOG.md",
      "CONTRIBUTING.md",
      "docs/architecture.md",
      "docs/dependencies.md",
      "docs/errors.md",
      "docs/from-pcj.md",
    ]),
  );
});
