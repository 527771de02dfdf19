import { once } from "node:events";
import { chmod } from "node:fs/promises";
import { connect, createServer, type Server } from "node:net";
import { codeOf } from "../store-error.ts";

/** The longest path of a socket, in bytes. (Systems cut a longer one, and some do not say so.) */
const LONGEST_PATH = 100;

/**
 * A socket that answers as long as its process lives. The kernel ends it with the process or the worker thread, and
 * finds it from another container of the machine, where process numbers say nothing.
 */
export class LifeSign {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /** Makes one at a path; `undefined`: this system or this file system has no such sockets. */
  static async make(path: string): Promise<LifeSign | undefined> {
    if (Buffer.byteLength(path) > LONGEST_PATH) return undefined;
    const server = createServer((socket) => socket.destroy());
    server.unref();
    try {
      // (A worker of a cluster would leave it to its parent, which may live longer.)
      server.listen({ path, exclusive: true });
      await once(server, "listening");
      await chmod(path, 0o600);
    } catch {
      server.close();
      return undefined;
    }
    server.on("error", () => undefined);
    return new LifeSign(server);
  }

  /** Ends it, and removes its file. */
  async end(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(() => {
        resolve();
      });
    });
  }
}

/**
 * The state of the sign at a path. `removed`: it was ended in order, or somebody has removed its file. `undefined`: it
 * cannot be told.
 */
export async function stateOf(path: string): Promise<"alive" | "gone" | "removed" | undefined> {
  if (Buffer.byteLength(path) > LONGEST_PATH) return undefined;
  const socket = connect({ path });
  try {
    await once(socket, "connect");
    return "alive";
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === "ECONNREFUSED") return "gone";
    if (code === "ENOENT") return "removed";
    // (One whose queue is full takes no more, and is there.)
    return code === "EAGAIN" ? "alive" : undefined;
  } finally {
    socket.destroy();
  }
}
