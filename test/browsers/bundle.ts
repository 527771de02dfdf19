import { build as esbuild } from "esbuild";
import { build as vite } from "vite";
import { locate } from "../docs/document.ts";

const ENTRY = locate("src/index.ts").pathname;

/** The programs that make a bundle for browsers of a program in this folder. */
const bundlers = {
  async esbuild(program: string) {
    const { outputFiles } = await esbuild({
      entryPoints: [program],
      bundle: true,
      minify: true,
      write: false,
      format: "esm",
      platform: "browser",
      target: "es2022",
      alias: { "xmpp-broker": ENTRY },
    });
    return outputFiles[0]?.text ?? "";
  },

  async vite(program: string) {
    const built = await vite({
      configFile: false,
      logLevel: "silent",
      resolve: { alias: { "xmpp-broker": ENTRY } },
      build: { write: false, lib: { entry: program, formats: ["es"], fileName: "program" } },
    });
    const [{ output } = { output: [] }] = Array.isArray(built)
      ? built
      : "output" in built
        ? [built]
        : [];
    return output.map((part) => ("code" in part ? part.code : "")).join("");
  },
};

export type Bundler = keyof typeof bundlers;
export const BUNDLERS = Object.keys(bundlers) as Bundler[];

/** Bundles `program.js`, or another program of this folder, for browsers. */
export const bundle = (bundler: Bundler, program = "program.js"): Promise<string> =>
  bundlers[bundler](locate(`test/browsers/${program}`).pathname);
