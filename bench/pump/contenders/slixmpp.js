import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DOMAIN, LAST, POUR, SEEN } from "../names.js";
import { PYTHON } from "./slixmpp-available.js";

/** Python measures its own time, and this process passes the figures on. */
const python = spawn(PYTHON, [fileURLToPath(new URL("./slixmpp-pump.py", import.meta.url))], {
  stdio: ["pipe", "pipe", "inherit"],
});
const lines = createInterface({ input: python.stdout })[Symbol.asyncIterator]();
process.on("exit", () => python.kill());

async function ask(question) {
  python.stdin.write(`${JSON.stringify(question)}\n`);
  const { value, done } = await lines.next();
  if (done) throw new Error("python ended");
  const answer = JSON.parse(value);
  if (answer.error !== undefined) throw new Error(answer.error);
  return answer;
}

export const prepare = ({ port }) => ask({ call: "prepare", port, domain: DOMAIN });
export const check = ({ stanzas }) => ask({ call: "check", stanzas, pour: `${POUR}1` });
export const pass = ({ out, times, stanzas, messages }) =>
  out
    ? ask({ call: "out", messages, last: LAST, seen: SEEN })
    : ask({ call: "in", stanzas: times * stanzas, pour: `${POUR}${times}` });
