/**
 * Floods: a peer sends stanzas of 16,000 elements as fast as they are read, to a program with a small
 * heap that is slow with each of them.
 */
import { Contender } from "../bench/harness/contender.js";
import { ways } from "./children/flooded.js";
import { Flooder } from "./harness/flooder.js";
import { until } from "./harness/wait.js";

/** The elements of a stanza: 64 KB on the wire, and two megabytes of memory. */
const ELEMENTS = 16_000;
const HEAP = 128;
/**
 * The number of stanzas that the program may hold: the default of `inbox.bytes`, by its rule of costs. One more is
 * taken while there is still room, one waits, and an iterator hands out one.
 */
const MOST = Math.floor((64 * 2 ** 20) / (ELEMENTS * (1 + 128))) + 3;

const PAYLOAD = "<a/>".repeat(ELEMENTS);
const attributes = (number) =>
  `to='flooded.test' from='a${number % 100}@flood.test/x' id='f${number}'`;

const STANZAS = {
  message: (number) =>
    `<message ${attributes(number)}><x xmlns='urn:example:x'>${PAYLOAD}</x></message>`,
  iq: (number) =>
    `<iq type='get' ${attributes(number)}><x xmlns='urn:example:x'>${PAYLOAD}</x></iq>`,
};

export async function run({ size }) {
  const checks = [];
  for (const way of ways) {
    const stanza = STANZAS[way === "ignore" || way === "mute responder" ? "iq" : "message"];
    const flooder = await Flooder.start(stanza, size.stanzas);
    const program = new Contender("flooded", new URL("children/flooded.js", import.meta.url), [
      `--max-old-space-size=${HEAP}`,
    ]);
    try {
      await program.call("prepare", { way, port: flooder.port });
      let state = {};
      await until(
        `${size.stanzas} stanzas through ${way}`,
        async () => {
          state = await program.call("pass");
          return state.done >= size.stanzas || state.phase !== "ready";
        },
        50,
      );
      checks.push({
        what: `${way}: alive, and all was handled`,
        value: `${state.done} of ${size.stanzas}`,
        target: `${size.stanzas}`,
        met: state.phase === "ready" && state.done === size.stanzas,
      });
      checks.push({
        what: `${way}: held at one time`,
        value: `${state.most}`,
        target: `at most ${MOST}`,
        met: state.most <= MOST,
      });
    } finally {
      await program.stop();
      flooder.close();
    }
  }
  return checks;
}
