import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { BrokerError } from "../base/errors.ts";

/** Listens on a port of 127.0.0.1, or on a free one (0). Rejects with `CONNECT_FAILED`. */
export async function listen(port: number, allowHalfOpen = false): Promise<Server> {
  const listener = createServer({ allowHalfOpen });
  try {
    listener.listen(port, "127.0.0.1");
    await once(listener, "listening");
    return listener;
  } catch (cause) {
    throw new BrokerError("CONNECT_FAILED", `port ${port} cannot be listened on`, { cause });
  }
}
