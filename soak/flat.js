/** Flat memory: a great many stanzas through a loopback server in another process. */
import { Contender } from "../bench/harness/contender.js";
import { slopeOf } from "./harness/line.js";

const child = (name, path, execArgv) =>
  new Contender(name, new URL(path, import.meta.url), execArgv);

/** How often the heap is measured, after the warm-up. */
const SAMPLES = 32;

export async function run({ size }) {
  const server = child("server", "../bench/harness/real-server.js");
  const program = child("flat", "children/flat.js", ["--expose-gc"]);
  try {
    const place = await server.call("start", "loopback");
    await program.call("prepare", { place, warmUp: size.warmUp });
    const stanzas = size.stanzas - size.warmUp;
    const result = await program.call("pass", { stanzas, samples: SAMPLES });
    await program.call("stop");
    const { before, after, points, errors } = result;
    const { slope, error } = slopeOf(points);
    const grown = Object.keys(before).filter((kind) => after[kind] > before[kind]);
    return [
      {
        what: "heap after warm-up, bytes a stanza",
        value: `${slope.toFixed(2)} ± ${error.toFixed(2)}`,
        target: `below ${size.most}`,
        met: slope + 2 * error < size.most,
      },
      {
        what: "listeners, timers, sockets more",
        value: grown.length === 0 ? "0" : grown.join(),
        target: "0",
        met: grown.length === 0,
      },
      {
        what: "errors other than those asked for",
        value: errors.filter((code) => code !== "STANZA_ERROR").join() || "0",
        target: "0",
        met: errors.every((code) => code === "STANZA_ERROR"),
      },
    ];
  } finally {
    await program.stop();
    await server.stop();
  }
}
