// Outlives the test run by a moment. Run as `node guard.mjs FOLDER`; reads `+PID` and `-PID` lines
// from its standard input, a pipe held by the process that runs the servers. However that process
// ends (Ctrl-C, a crash, SIGKILL), the pipe closes: then what still runs is killed by its pid, and
// the folder is removed. Plain JavaScript, because plain node runs it.
import { rmSync } from "node:fs";
import { createInterface } from "node:readline";

const folder = process.argv[2];
const running = new Set();

createInterface({ input: process.stdin })
  .on("line", (line) => {
    const pid = Number(line.slice(1));
    if (line.startsWith("+")) running.add(pid);
    else running.delete(pid);
  })
  .on("close", () => {
    for (const pid of running) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
    rmSync(folder, { recursive: true, force: true, maxRetries: 10 });
  });
