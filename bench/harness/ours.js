import { pathToFileURL } from "node:url";

/**
 * The built package: `dist/` of this checkout, or the folder that BENCH_DIST names, to compare two
 * states of the code.
 */
const base = process.env.BENCH_DIST
  ? pathToFileURL(process.env.BENCH_DIST.replace(/\/?$/, "/"))
  : new URL("../../dist/", import.meta.url);

/** @param {string} path under `dist/` */
export const ours = (path) => import(new URL(path, base).href);

export const distFolder = base;
