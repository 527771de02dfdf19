import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expressions, NAMESPACES, stanzaTexts } from "../sets.js";

/** Perl measures its own time, and this process passes the figures on. */
const perl = spawn("perl", [fileURLToPath(new URL("./ancestor.pl", import.meta.url))], {
  stdio: ["pipe", "pipe", "inherit"],
});
const lines = createInterface({ input: perl.stdout })[Symbol.asyncIterator]();
process.on("exit", () => perl.kill());

async function ask(question) {
  perl.stdin.write(`${JSON.stringify(question)}\n`);
  const { value, done } = await lines.next();
  if (done) throw new Error("perl ended");
  return JSON.parse(value);
}

/** The ancestor's nodes know no prefixes, so its users write names and namespaces as tests. */
function withoutPrefixes(expression) {
  return expression.replace(/\b(\w+):([\w-]+)/g, (whole, prefix, name, at) =>
    insideQuotes(expression, at) || !(prefix in NAMESPACES) ? whole : `*[local-name()='${name}']`,
  );
}

const insideQuotes = (text, at) => text.slice(0, at).split("'").length % 2 === 0;

export function prepare({ set, n }) {
  return ask({
    call: "prepare",
    stanzas: stanzaTexts(1000),
    expressions: expressions(set, n).map(withoutPrefixes),
  });
}

export const check = ({ stanzas }) => ask({ call: "check", stanzas });
export const pass = ({ stanzas }) => ask({ call: "pass", stanzas });
