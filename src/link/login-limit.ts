import { nothing } from "../base/abort.ts";
import { Fifo } from "../base/fifo.ts";

/**
 * How many brokers of one process may log in to one server at the same time. Measured with 120 brokers and a server
 * that was gone for 3 s: the last was back after 6.6 s instead of 9.6 s.
 */
const AT_A_TIME = 8;

/** The logins to one server. */
interface Server {
  busy: number;
  readonly waiting: Fifo<() => void>;
}

/** Bounds the logins that are under way to each server at a time. The others wait in order. */
export class LoginLimit {
  readonly #servers = new Map<string, Server>();

  /** How many servers there are logins to. */
  get size(): number {
    return this.#servers.size;
  }

  /**
   * Calls `begin` when a login to this server may begin: at once, or later. The function it returns gives the place
   * back, or leaves the queue.
   */
  enter(name: string, begin: () => void): () => void {
    const server = this.#servers.get(name) ?? { busy: 0, waiting: new Fifo() };
    this.#servers.set(name, server);
    let leave = (): void => {
      server.waiting.keep((other) => other !== start);
    };
    const start = (): void => {
      server.busy++;
      leave = () => {
        server.busy--;
        this.#next(name, server);
      };
      begin();
    };
    if (server.busy < AT_A_TIME) start();
    else server.waiting.push(start);
    return () => {
      const once = leave;
      leave = nothing;
      once();
    };
  }

  #next(name: string, server: Server): void {
    server.waiting.shift()?.();
    if (server.busy === 0) this.#servers.delete(name);
  }
}
