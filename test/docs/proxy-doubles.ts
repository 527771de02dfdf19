import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";

/** The request of a client: the server that it named, and the line of its account, if it sent one. */
export interface Asked {
  readonly place: string;
  readonly account?: string | undefined;
}

/** Answers that a proxy gives. `slow`: byte by byte. `cut`: half of the answer, and then the end. */
export type Habit = "prompt" | "slow" | "cut" | "refuse" | "by name";

/** Reads exactly so many bytes. The rest stays unread. */
async function take(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes = socket.read(length) as Buffer | null;
    if (bytes !== null) return bytes;
    await once(socket, "readable");
  }
}

/** Reads a head of HTTP. */
async function takeHead(socket: Socket): Promise<string> {
  let head = "";
  while (!head.endsWith("\r\n\r\n")) head += (await take(socket, 1)).toString("latin1");
  return head;
}

async function say(socket: Socket, bytes: Buffer, habit: Habit): Promise<void> {
  if (habit === "cut") {
    socket.end(bytes.subarray(0, bytes.length >> 1));
    return;
  }
  if (habit !== "slow") {
    socket.write(bytes);
    return;
  }
  socket.setNoDelay(true);
  for (const byte of bytes) {
    await new Promise((resolve) => socket.write(Uint8Array.of(byte), resolve));
    await new Promise(setImmediate);
  }
}

/** Carries bytes both ways between a client and the server behind the proxy. */
function relay(client: Socket, port: number): void {
  const server = connect({ port, host: "127.0.0.1" });
  server.on("error", () => undefined).on("close", () => client.destroy());
  client.on("close", () => server.destroy());
  client.pipe(server).pipe(client);
}

/** Makes a proxy of SOCKS5 (RFC 1928). Each way leads to the port of this machine, whatever the client names. */
export function socks5Proxy(port: number, habit: Habit, asked: Asked[]): Server {
  return serving(async (client) => {
    const [, methods = 0] = await take(client, 2);
    await take(client, methods);
    await say(client, Buffer.of(5, 0), habit === "cut" ? "prompt" : habit);
    const [, , , , length = 0] = await take(client, 5);
    const name = (await take(client, length)).toString();
    asked.push({ place: `${name}:${(await take(client, 2)).readUInt16BE()}` });
    if (habit === "refuse") {
      await say(client, Buffer.of(5, 4, 0, 1, 0, 0, 0, 0, 0, 0), habit);
      return;
    }
    const address = habit === "by name" ? [3, 2, 0x61, 0x62] : [1, 127, 0, 0, 1];
    await say(client, Buffer.of(5, 0, 0, ...address, 0, 0), habit);
    if (habit !== "cut") relay(client, port);
  });
}

/** Makes a proxy of HTTP (RFC 9110, 9.3.6). Each way leads to the port of this machine. */
export function httpProxy(port: number, habit: Habit, asked: Asked[]): Server {
  return serving(async (client) => {
    const head = await takeHead(client);
    const [, place = ""] = /^CONNECT (\S+) HTTP\/1\.1\r\n/.exec(head) ?? [];
    const [, account] = /^Proxy-Authorization: (.*)\r$/m.exec(head) ?? [];
    asked.push({ place, account });
    const status = habit === "refuse" ? "403 Forbidden" : "200 Connection established";
    const fields = habit === "by name" ? "Via: 1.1 proxy.verona.example\r\n" : "";
    await say(client, Buffer.from(`HTTP/1.1 ${status}\r\n${fields}\r\n`), habit);
    if (habit !== "refuse" && habit !== "cut") relay(client, port);
  });
}

function serving(serve: (client: Socket) => Promise<void>): Server {
  return createServer((client) => {
    client.on("error", () => undefined);
    serve(client).catch(() => client.destroy());
  });
}
