import { readFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";

/** The machine of the measurement, and the versions. */
export function machine() {
  const lock = JSON.parse(readFileSync(new URL("../package-lock.json", import.meta.url), "utf8"));
  const asked = Object.keys(lock.packages[""].dependencies);
  const ours = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  return {
    cpu: cpus()[0]?.model.trim() ?? "unknown",
    cores: cpus().length,
    memory: `${Math.round(totalmem() / 2 ** 30)} GiB`,
    system: `${process.platform} ${process.arch}`,
    node: process.version,
    packages: {
      "xmpp-broker": ours.version,
      ...Object.fromEntries(
        asked.map((name) => [name, lock.packages[`node_modules/${name}`].version]),
      ),
    },
  };
}
