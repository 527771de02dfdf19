import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { findAll, serversRequired } from "./found.ts";

/**
 * Prints which real servers the tests run on. Installs missing ones first, if it runs as root and there is apt;
 * `XMPP_BROKER_INSTALL=0` forbids that.
 */
export default function setup(): void {
  const lacking = findAll().filter((finding) => !finding.found);
  const attempt = lacking.length === 0 ? "" : install();
  const lines = findAll().map((finding) => {
    if (finding.found) return `real server: ${finding.name} ${finding.version}`;
    const verdict = serversRequired() ? "missing, which is a failure here" : "skipped";
    return `real server: ${finding.name} ${verdict}: ${finding.why}; ${attempt}`;
  });
  process.stdout.write(`${lines.join("\n")}\n`);
}

/** Tries to install the missing servers, and returns the result in words. */
function install(): string {
  if (process.env.XMPP_BROKER_INSTALL === "0") return "XMPP_BROKER_INSTALL=0 forbids installing it";
  if (process.getuid?.() !== 0) return "only root may install it";
  if (spawnSync("apt-get", ["--version"]).status !== 0) return "there is no apt to install it with";
  process.stdout.write("real servers: installing\n");
  const script = fileURLToPath(new URL("./install.sh", import.meta.url));
  const { status, stderr } = spawnSync("sh", [script], { encoding: "utf8" });
  const lastLine = stderr.trimEnd().split("\n").at(-1) ?? "";
  return status === 0
    ? "installing it succeeded all the same"
    : `installing it failed: ${lastLine}`;
}
