/** The connections that are opened at the same time: more would only queue at the other end. */
const AT_ONCE = 50;
/** The idle seconds. V8 looks at the last five. */
const RESTING = 8;
/** The connections before the count begins, so that code and caches are there. */
const FIRST = 20;

/**
 * Makes a contender of something that can be connected many times in one process.
 *
 * @param {(port: number, n: number) => Promise<unknown>} connect its results are kept
 */
export function idling(connect) {
  const kept = [];

  async function open(port, count) {
    for (let i = 0; i < count; i += AT_ONCE) {
      const some = Array.from({ length: Math.min(AT_ONCE, count - i) }, (_, n) =>
        connect(port, kept.length + n),
      );
      kept.push(...(await Promise.all(some)));
    }
  }

  async function settled() {
    for (let i = 0; i < 4; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
      globalThis.gc();
    }
    return process.memoryUsage();
  }

  /**
   * Measures after some idle seconds. Only then does V8 shrink the young generation again, at its next
   * collection.
   */
  async function rested() {
    for (let second = 0; second < RESTING; second++) {
      await new Promise((resolve) => setTimeout(resolve, 1000));
      globalThis.gc();
    }
    return process.memoryUsage();
  }

  /** Bytes a connection, right after all have connected or, with `rest`, some seconds later. */
  async function pass({ port, connections, rest }) {
    const measure = rest ? rested : settled;
    await open(port, FIRST);
    const before = await measure();
    await open(port, connections);
    const after = await measure();
    return {
      rss: (after.rss - before.rss) / connections,
      heap: (after.heapUsed - before.heapUsed) / connections,
    };
  }

  return { pass };
}
