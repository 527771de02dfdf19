import { existsSync } from "node:fs";
import { expect, test } from "vitest";
import { locate } from "../docs/document.ts";

type Features = readonly (readonly [name: string, ...modules: string[]])[];

/** The lists of the size benchmark, which is JavaScript. */
const lists = (await import(locate("bench/size/features.js").href)) as Record<string, Features>;

// The benchmark runs seldom, so a module that moves is told of here.
test("the modules in the size benchmark's list of features exist", () => {
  const modules = Object.values(lists).flatMap((list) => list.flatMap(([, ...paths]) => paths));
  expect(modules.length).toBeGreaterThan(50);
  const sources = modules.map((module) => `src/${module.replace(/\.js$/, ".ts")}`);
  expect(sources.filter((source) => !existsSync(locate(source)))).toEqual([]);
});
