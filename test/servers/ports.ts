import { createServer, type Server } from "node:net";

/** The range is above the usual services, and below the ports that the system gives to outgoing connections. */
const FIRST = 20_000;
const LAST = 32_000;
/** The ports of a block, with the one that claims it. */
const BLOCK = 20;

/** A block of loopback ports. No other test server gets them before `release`. */
export interface Ports {
  /** The free ports. */
  readonly free: readonly number[];
  release(): void;
}

/**
 * Finds `count` free loopback ports. The servers need port numbers in their configuration, and another test run could
 * find the same ports before they bind them. So ports come in blocks, and the owner of a block listens on its first port
 * for as long as the server lives.
 */
export async function claimPorts(count: number): Promise<Ports> {
  if (count >= BLOCK) throw new RangeError(`a block has ${BLOCK - 1} ports, not ${count}`);
  for (let attempt = 0; attempt < 200; attempt++) {
    const block = FIRST + BLOCK * Math.floor((Math.random() * (LAST - FIRST)) / BLOCK);
    const claim = await listen(block);
    if (claim === undefined) continue;
    claim.unref();
    const free = Array.from({ length: count }, (_, index) => block + 1 + index);
    if (await allFree(free)) return { free, release: () => void claim.close() };
    claim.close();
  }
  throw new Error(`no ${count} free ports between ${FIRST} and ${LAST}`);
}

async function allFree(ports: readonly number[]): Promise<boolean> {
  for (const port of ports) {
    const server = await listen(port);
    if (server === undefined) return false;
    await new Promise((resolve) => server.close(resolve));
  }
  return true;
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(undefined);
    });
    server.listen({ host: "127.0.0.1", port }, () => {
      resolve(server);
    });
  });
}
