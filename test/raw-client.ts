import { once } from "node:events";
import { connect } from "node:net";
import type { TLSSocket } from "node:tls";
import { ScriptedPeer } from "../src/testing/peer/scripted-peer.ts";
import { SocketLine } from "./socket-line.ts";

/** The authority to trust, the name to ask for, and the protocol to offer. */
export interface RawTls {
  readonly ca: string;
  readonly servername?: string;
  readonly alpn?: string | undefined;
}

/**
 * A client that knows no XMPP, on a real socket: a scripted peer that says the `C:` lines and waits
 * for the `S:` lines.
 */
export class RawClient extends ScriptedPeer implements Disposable {
  readonly #line: SocketLine;

  private constructor(line: SocketLine) {
    super("", { speaks: "C" });
    this.#line = line;
    this.accept(line);
  }

  /** Connects to a port of this machine; with `tls`, in TLS from the first byte. */
  static async connect(port: number, tls?: RawTls): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1" });
    await once(socket, "connect");
    const client = new RawClient(new SocketLine(socket));
    if (tls !== undefined) await client.secure(tls);
    return client;
  }

  /** How many bytes the system has not taken. */
  get unsent(): number {
    return this.#line.unsent;
  }

  get tls(): TLSSocket {
    return this.#line.tls;
  }

  /** Puts TLS on the connection. */
  async secure({ ca, servername = "localhost", alpn }: RawTls): Promise<void> {
    await this.#line.secure({
      ca,
      servername,
      ...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
    });
  }

  /** Opens a stream of clients. */
  open(domain: string): void {
    this.say(
      `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='${domain}' version='1.0'>`,
    );
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

  [Symbol.dispose](): void {
    this.cut();
  }
}
