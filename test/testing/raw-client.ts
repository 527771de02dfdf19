import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { connect as connectTls, type TLSSocket } from "node:tls";

/** How long what is waited for may take, in milliseconds: only a failing test ever waits so long. */
const PATIENCE = 50_000;

/**
 * A client that knows no XMPP: it sends text and waits for text. What it says and hears is written
 * as lines of the wire:
 *
 *     C: <handshake>{digest}</handshake>      sent, {digest} replaced by what has been noted
 *     S: <stream:stream … id='{id}' …>        waited for; … is anything, {id} notes what stands there
 */
export class RawClient {
  readonly notes: Record<string, string> = {};
  #socket: Socket;
  #tls: TLSSocket | undefined;
  #received = "";
  #ended = false;
  #wake: () => void = () => undefined;

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen(socket);
  }

  static async connect(port: number): Promise<RawClient> {
    const socket = connect({ port, host: "127.0.0.1" });
    await once(socket, "connect");
    return new RawClient(socket);
  }

  /** Over TLS from the first byte. */
  static async connectTls(port: number, ca: string, alpn?: string): Promise<RawClient> {
    const client = await RawClient.connect(port);
    await client.secure(ca, alpn);
    return client;
  }

  get tls(): TLSSocket {
    if (this.#tls === undefined) throw new TypeError("there is no TLS");
    return this.#tls;
  }

  /** Reads no more, until `resume`. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** Whether the server has ended the connection. */
  get ended(): boolean {
    return this.#ended;
  }

  /** What has arrived and has not been waited for. */
  get rest(): string {
    return this.#received;
  }

  async secure(ca: string, alpn?: string): Promise<void> {
    this.#socket.removeAllListeners("data");
    const socket = connectTls({
      socket: this.#socket,
      ca,
      host: "127.0.0.1",
      servername: "localhost",
      ...(alpn === undefined ? {} : { ALPNProtocols: [alpn] }),
    });
    this.#socket = socket;
    this.#tls = socket;
    this.#listen(socket);
    await once(socket, "secureConnect");
  }

  /** Sends `C:` lines and waits for `S:` lines, in order. */
  async play(script: string): Promise<void> {
    for (const line of script.split("\n").map((one) => one.trim())) {
      if (line.startsWith("C: ")) this.send(this.#fill(line.slice(3)));
      else if (line.startsWith("S: ")) await this.expect(line.slice(3));
      else if (line !== "") throw new TypeError(`neither C: nor S: ${line}`);
    }
  }

  send(data: string | Uint8Array): void {
    this.#socket.write(data);
  }

  /** Waits until what has arrived begins with the text. */
  async expect(text: string): Promise<void> {
    const pattern = new RegExp(`^\\s*${this.#pattern(text)}`, "s");
    for (;;) {
      const match = pattern.exec(this.#received);
      if (match !== null) {
        Object.assign(this.notes, match.groups);
        this.#received = this.#received.slice(match[0].length);
        return;
      }
      if (this.#ended) throw new TypeError(`waited for ${text}\ngot the end and ${this.#received}`);
      await new Promise<void>((resolve, reject) => {
        const timer = setTimeout(() => {
          reject(new TypeError(`waited for ${text}\ngot ${this.#received}`));
        }, PATIENCE);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  }

  /** Waits for the end of the connection and returns what came before it. */
  async end(): Promise<string> {
    if (!this.#ended) await once(this.#socket, "close");
    return this.#received;
  }

  close(): void {
    this.#socket.destroy();
  }

  #listen(socket: Socket): void {
    socket.setEncoding("utf8");
    socket.on("data", (text: string) => {
      this.#received += text;
      this.#wake();
    });
    socket.on("close", () => {
      this.#ended = true;
      this.#wake();
    });
    socket.on("error", () => undefined);
  }

  #fill(text: string): string {
    return text.replace(/\{(\w+)\}/g, (whole, name: string) => this.notes[name] ?? whole);
  }

  #pattern(text: string): string {
    return text
      .replace(/[\\^$.*+?()[\]|]/g, "\\$&")
      .replaceAll("…", ".*?")
      .replace(/\{(\w+)\}/g, "(?<$1>[^'<]*)");
  }
}
