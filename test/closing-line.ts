import type { TestModule } from "vitest/node";

interface Count {
  passed: number;
  failed: number;
  skipped: number;
  pending: number;
}

interface Tier extends Count {
  /** When its first file began, and its last one ended so far. */
  readonly begin: number;
  end: number;
}

/** Ends the run with a line for each tier, and a plain one for scripts: `N passed, N failed, N skipped`. */
export default class ClosingLine {
  readonly #tiers = new Map<string, Tier>();

  onTestModuleStart(module: TestModule): void {
    this.#tier(module);
  }

  onTestModuleEnd(module: TestModule): void {
    this.#tier(module).end = performance.now();
  }

  onTestRunEnd(modules: readonly TestModule[]): void {
    const all = none();
    for (const module of modules) {
      for (const count of [all, this.#tier(module)]) add(module, count);
    }
    for (const [name, tier] of this.#tiers) {
      const seconds = ((tier.end - tier.begin) / 1000).toFixed(1);
      process.stdout.write(`tier ${name}: ${said(tier)} (${seconds} s)\n`);
    }
    process.stdout.write(`${said(all)}\n`);
  }

  #tier({ project }: TestModule): Tier {
    // The files that run alone belong to the tier of Node too.
    const name = project.name === "alone" ? "node" : project.name;
    const now = performance.now();
    const tier = this.#tiers.get(name) ?? { ...none(), begin: now, end: now };
    this.#tiers.set(name, tier);
    return tier;
  }
}

const none = (): Count => ({ passed: 0, failed: 0, skipped: 0, pending: 0 });

function add(module: TestModule, count: Count): void {
  // A file that did not load has no tests, and is a failure all the same.
  if (module.state() === "failed" && module.children.size === 0) count.failed++;
  for (const test of module.children.allTests()) count[test.result().state]++;
}

const said = ({ passed, failed, skipped, pending }: Count): string =>
  `${passed} passed, ${failed + pending} failed, ${skipped} skipped`;
