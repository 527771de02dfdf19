import { readdirSync } from "node:fs";
import { expect, test } from "vitest";
import { locate } from "../docs/document.ts";

type Features = readonly (readonly [name: string, ...places: string[]])[];

/** The lists of the size benchmark, which is JavaScript. */
const { FEATURES, NODE_FEATURES, isAt } = (await import(locate("bench/size/features.js").href)) as {
  FEATURES: Features;
  NODE_FEATURES: Features;
  isAt: (path: string, place: string) => boolean;
};

const modules = readdirSync(locate("src"), { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".ts"))
  .map((path) => path.replace(/\.ts$/, ""));

// The benchmark runs seldom, so a module that was renamed is told of here.
test("every feature of the size benchmark names modules that exist, each of them once", () => {
  const places = [...FEATURES, ...NODE_FEATURES].flatMap(([, ...own]) => own);
  expect(places.length).toBeGreaterThan(50);
  const counts = places.map((place) => {
    const { length } = modules.filter((path) => isAt(path, place));
    return [place, place.endsWith("/") ? length > 0 : length] as const;
  });
  expect(counts.filter(([, found]) => found !== 1 && found !== true)).toEqual([]);
});
