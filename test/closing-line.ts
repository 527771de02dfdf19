import type { TestModule } from "vitest/node";

/** Ends the run with a plain line for scripts that read it: `N passed, N failed, N skipped`. */
export default class ClosingLine {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const count = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const module of modules) {
      // A file that did not load has no tests, and is a failure all the same.
      if (module.state() === "failed" && module.children.size === 0) count.failed++;
      for (const test of module.children.allTests()) count[test.result().state]++;
    }
    const failed = count.failed + count.pending;
    process.stdout.write(`${count.passed} passed, ${failed} failed, ${count.skipped} skipped\n`);
  }
}
