import { quantile } from "../harness/stats.js";

/**
 * Makes a contender of something that asks and is answered.
 *
 * @param {(place: import("../harness/real-server.js").Place) => Promise<(to: string) =>
 *   Promise<unknown>>} connect returns a function that sends a ping and waits for its answer
 */
export function asking(connect) {
  let ask;
  let to;

  async function prepare(place) {
    ask = await connect(place);
    to = place.client.domain;
    await ask(to);
  }

  /** Sends `requests` pings, `window` of them outstanding at any time. */
  async function pass({ requests, window }) {
    const latencies = [];
    let left = requests;
    async function one() {
      while (left-- > 0) {
        const from = performance.now();
        await ask(to);
        latencies.push(performance.now() - from);
      }
    }
    await Promise.all(Array.from({ length: window }, one));
    return { units: requests, p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99) };
  }

  return { prepare, pass };
}
