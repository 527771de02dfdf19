/** The parts of the package `ws` that are used here. */
declare module "ws" {
  import type { EventEmitter } from "node:events";
  import type { Duplex } from "node:stream";

  export interface ClientOptions {
    readonly createConnection: () => Duplex;
    readonly perMessageDeflate: boolean;
    readonly maxPayload: number;
  }

  export interface WebSocketEventMap {
    readonly open: [];
    readonly message: [data: Buffer, isBinary: boolean];
    readonly close: [code: number, reason: Buffer];
    readonly error: [error: Error];
  }

  export class WebSocket extends EventEmitter<WebSocketEventMap> {
    constructor(url: string, protocol: string, options: ClientOptions);
    send(text: string, taken?: (error?: Error | null) => void): void;
    pause(): void;
    resume(): void;
    close(code: number): void;
    terminate(): void;
  }
}
