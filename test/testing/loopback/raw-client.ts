import { once } from "node:events";
import { connect } from "node:net";
import type { TLSSocket } from "node:tls";
import { ScriptedPeer } from "../../../src/testing/peer/scripted-peer.ts";
import { SocketLine } from "../../socket-line.ts";

/**
 * A client that knows no XMPP, on a real socket: a scripted peer that says the `C:` lines and waits
 * for the `S:` lines.
 */
export class RawClient extends ScriptedPeer {
  readonly #line: SocketLine;

  private constructor(line: SocketLine) {
    super("", { speaks: "C" });
    this.#line = line;
    this.accept(line);
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1" });
    await once(socket, "connect");
    return new RawClient(new SocketLine(socket));
  }

  /** Over TLS from the first byte. */
  static async connectTls(port: number, ca: string, alpn?: string): Promise<RawClient> {
    const client = await RawClient.connect(port);
    await client.secure(ca, alpn);
    return client;
  }

  get tls(): TLSSocket {
    return this.#line.tls;
  }

  async secure(ca: string, alpn?: string): Promise<void> {
    await this.#line.secure({
      ca,
      servername: "localhost",
      ...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
    });
  }

  /** Waits until what has arrived begins with the text. */
  expect(text: string): Promise<void> {
    return this.play(`S: ${text}`);
  }

  /** Waits for the end of the connection and returns what came before it. */
  async ended(): Promise<string> {
    await this.over;
    return this.unread;
  }
}
