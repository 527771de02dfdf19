import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { BrokerError } from "../base/errors.ts";

/** Listens on a port of 127.0.0.1, or on a free one (0). Rejects with `CONNECT_FAILED`. */
export function listen(port: number, allowHalfOpen = false): Promise<Server> {
  return listenOn(port, createServer({ allowHalfOpen }));
}

/** The same with a server that was made elsewhere. */
export async function listenOn<Listener extends Server>(
  port: number,
  listener: Listener,
): Promise<Listener> {
  try {
    listener.listen(port, "127.0.0.1");
    await once(listener, "listening");
    return listener;
  } catch (cause) {
    throw new BrokerError("CONNECT_FAILED", `port ${port} cannot be listened on`, { cause });
  }
}
