import { createConnection, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";

/** How long an answer may take, in milliseconds. */
const ANSWER_MS = 50_000;

/**
 * A connection that sends text and waits for patterns. The harness uses it to make accounts and to check servers, because
 * the broker is the thing under test.
 */
export class Wire implements Disposable {
  #socket: Socket;
  #received = "";
  #wake: () => void = () => undefined;
  #ended: string | undefined;

  /** Connects to a loopback port; with `tls`, in TLS from the first byte. */
  static async connect(port: number, tls?: { ca: string; servername: string }): Promise<Wire> {
    const address = { host: "127.0.0.1", port };
    const socket =
      tls === undefined ? createConnection(address) : connectTls({ ...address, ...tls });
    const wire = new Wire(socket);
    await new Promise<void>((resolve, reject) => {
      socket.once(tls === undefined ? "connect" : "secureConnect", resolve);
      socket.once("error", reject);
    });
    return wire;
  }

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#listen();
  }

  send(text: string): void {
    this.#socket.write(text);
  }

  /** Opens a stream of clients. */
  open(domain: string, attributes = "version='1.0'"): void {
    this.send(
      `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='${domain}' ${attributes}>`,
    );
  }

  /** Waits for text that matches. Takes and returns all text up to its end. */
  async until(pattern: RegExp): Promise<string> {
    const deadline = AbortSignal.timeout(ANSWER_MS);
    deadline.addEventListener("abort", () => {
      this.#wake();
    });
    for (;;) {
      const match = pattern.exec(this.#received);
      if (match !== null) {
        const end = match.index + match[0].length;
        const taken = this.#received.slice(0, end);
        this.#received = this.#received.slice(end);
        return taken;
      }
      if (this.#ended !== undefined || deadline.aborted) {
        const why = this.#ended ?? `nothing within ${ANSWER_MS} ms`;
        throw new Error(`awaited ${String(pattern)}, but ${why}, after: ${this.#received}`);
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Puts TLS on the connection, after the server's consent. */
  async secure(tls: { ca: string; servername: string }): Promise<string> {
    this.#socket.removeAllListeners();
    const socket = connectTls({ socket: this.#socket, ...tls });
    this.#socket = socket;
    await new Promise<void>((resolve, reject) => {
      socket.once("secureConnect", resolve);
      socket.once("error", reject);
    });
    this.#listen();
    return socket.getProtocol() ?? "";
  }

  [Symbol.dispose](): void {
    this.#socket.destroy();
  }

  #listen(): void {
    this.#socket.setEncoding("utf8");
    this.#socket.on("data", (text: string) => {
      this.#received += text;
      this.#wake();
    });
    this.#socket.on("error", (error) => {
      this.#end(error.message);
    });
    this.#socket.on("close", () => {
      this.#end("the connection was closed");
    });
  }

  #end(why: string): void {
    this.#ended ??= why;
    this.#wake();
  }
}

/** Escapes text for XML, in content and in attributes. */
export const escaped = (text: string): string =>
  text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll("'", "&apos;")
    .replaceAll('"', "&quot;");
