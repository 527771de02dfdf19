import { createHash } from "node:crypto";
import { expressions, stanzaTexts } from "./sets.js";

/** The most stanzas of a pass, which goes through them again and again. */
const STANZAS = 1000;

/**
 * Makes a contender of a filter engine.
 *
 * @param {{ load: (text: string) => any, compile: (expressions: string[]) => (stanza: any) =>
 *   number[] }} engine `load` parses a stanza once, before anything is timed; `compile` takes all
 *   filters and returns a function from a stanza to the numbers of the filters that match it, in order
 */
export function filterContender({ load, compile }) {
  let stanzas;
  let match;

  function prepare({ set, n }) {
    stanzas ??= stanzaTexts(STANZAS).map(load);
    const list = expressions(set, n);
    const from = performance.now();
    match = compile(list);
    return { compile: performance.now() - from };
  }

  function check({ stanzas: count }) {
    const hash = createHash("sha256");
    let matches = 0;
    for (let i = 0; i < count; i++) {
      const found = match(stanzas[i]);
      matches += found.length;
      hash.update(`${found.join(",")};`);
    }
    return { matches, digest: hash.digest("hex") };
  }

  function pass({ stanzas: count }) {
    let matches = 0;
    for (let i = 0; i < count; i++) matches += match(stanzas[i % STANZAS]).length;
    return { matches, units: count };
  }

  return { prepare, check, pass, stanza: (i) => stanzas[i] };
}

/** Tries all filters, one after the other, as every engine without an index does. */
export function oneByOne(tests) {
  return (stanza) => {
    const found = [];
    for (let i = 0; i < tests.length; i++) if (tests[i](stanza)) found.push(i);
    return found;
  };
}
