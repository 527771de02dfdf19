/** Opened at the same time; more would only queue at the other end. */
const AT_ONCE = 50;
/** Opened before anything is counted, so that code and caches are there. */
const FIRST = 20;

/**
 * Makes a contender of something that can be connected many times in one process.
 *
 * @param {(port: number, n: number) => Promise<unknown>} connect what it gives is kept
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

  /** Bytes a connection. */
  async function pass({ port, connections }) {
    await open(port, FIRST);
    const before = await settled();
    await open(port, connections);
    const after = await settled();
    return {
      rss: (after.rss - before.rss) / connections,
      heap: (after.heapUsed - before.heapUsed) / connections,
    };
  }

  return { pass };
}
