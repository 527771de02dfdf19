import type { Server, Socket } from "node:net";
import { expect, onTestFinished } from "vitest";
import { BrokerError } from "../../src/base/errors.ts";
import type {
  Target,
  TlsSettings,
  Transport,
  TransportEvents,
} from "../../src/transport/transport.ts";

const pending: (() => unknown)[] = [];

/**
 * Runs an action when the test ends, the newest first. Each test registers its own hook: a hook of this module would
 * belong to the first file that imports it.
 */
export function undo(action: () => unknown): void {
  if (pending.length === 0) onTestFinished(undoAll);
  pending.push(action);
}

/** Runs the actions at once, the newest first. */
export async function undoAll(): Promise<void> {
  for (const action of pending.splice(0).reverse()) await action();
}

/** Listens on a free loopback port until the test is over. */
export async function listen(server: Server): Promise<number> {
  const open = new Set<Socket>();
  server.on("connection", (socket) => {
    open.add(socket);
    socket.on("error", () => undefined);
    socket.on("close", () => open.delete(socket));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  undo(() => {
    for (const socket of open) socket.destroy();
    return new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Where to connect on loopback; TLS knows nothing but what is given. */
export function target(port: number, tls: Partial<TlsSettings> = {}, host = "127.0.0.1"): Target {
  const nothing = { ca: undefined, cert: undefined, key: undefined, pins: undefined };
  return {
    host,
    port,
    tls: { ...nothing, servername: "localhost", minVersion: "TLSv1.2", ...tls },
  };
}

/** Writes down what a transport reports. */
export function recorder(log: string[]): TransportEvents {
  return {
    data: (bytes) => void log.push(new TextDecoder().decode(bytes)),
    leaving: () => void log.push("[leaving]"),
    taken: (total) => void log.push(`[taken ${total}]`),
    end: () => void log.push("[end]"),
    close: (error) =>
      void log.push(error instanceof BrokerError ? `[close ${error.code}]` : "[close]"),
  };
}

/** A log without the progress of what was written. */
export function withoutProgress(log: readonly string[]): string[] {
  return log.filter((entry) => entry !== "[leaving]" && !entry.startsWith("[taken "));
}

export function started(transport: Transport): string[] {
  const log: string[] = [];
  transport.start(recorder(log));
  return log;
}

/** Polls faster than the default of 50 ms. */
export function eventually<T>(read: () => T) {
  return expect.poll(read, { interval: 2 });
}

/** The handles that keep the process alive, without the test's own polling and the channel to its runner. */
export function leftOver(): string[] {
  const own = ["Timeout", "MessagePort", "PipeWrap"];
  return process.getActiveResourcesInfo().filter((name) => !own.includes(name));
}

export function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
