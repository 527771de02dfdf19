import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";

/** The numbers of the kinds of records (RFC 1035, 3.2.2). */
const KINDS = { A: 1, CNAME: 5, TXT: 16, AAAA: 28, SRV: 33 };

/** A record of an answer. `name` is its owner; the name that was asked for is the default. */
export interface DnsRecord {
  readonly kind: keyof typeof KINDS;
  readonly name?: string;
  /** An address, a name, or for SRV `priority weight port target`. */
  readonly data: string;
}

/** An answer: records; a code of failure; bytes that are no answer; silence; or records that fit TCP alone. */
export type DnsAnswer =
  | readonly DnsRecord[]
  | { readonly code: number }
  | { readonly bytes: Buffer }
  | "mute"
  | { readonly overTcp: readonly DnsRecord[] };

const NXDOMAIN = { code: 3 };

/** A small name server on loopback, over UDP and TCP. Names without an answer do not exist. */
export class DnsServer {
  /** The questions, such as `SRV _xmpp-client._tcp.example.org`; those over TCP end in ` (TCP)`. */
  readonly asked: string[] = [];
  readonly #answers: Readonly<Record<string, DnsAnswer>>;
  readonly #udp: UdpSocket = createSocket("udp4");
  readonly #tcp: Server = createServer((socket) => {
    this.#serve(socket);
  });
  readonly #sockets = new Set<Socket>();

  /** `answers`: by question, or by name. `delay`: in milliseconds, over UDP. */
  constructor(answers: Readonly<Record<string, DnsAnswer>>, delay = 0) {
    this.#answers = answers;
    this.#udp.on("message", (query, from) => {
      const reply = this.#reply(query, false);
      if (reply === undefined) return;
      const send = (): void => {
        this.#udp.send(reply, from.port, from.address);
      };
      if (delay === 0) send();
      else setTimeout(send, delay);
    });
  }

  /** Starts it. Resolves with its address, as `setServers` takes it. */
  async listen(): Promise<string> {
    this.#tcp.listen(0, "127.0.0.1");
    await once(this.#tcp, "listening");
    const { port } = this.#tcp.address() as AddressInfo;
    this.#udp.bind(port, "127.0.0.1");
    await once(this.#udp, "listening");
    return `127.0.0.1:${port}`;
  }

  close(): void {
    this.#udp.close();
    this.#tcp.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  #serve(socket: Socket): void {
    this.#sockets.add(socket);
    let received = Buffer.alloc(0);
    socket.on("error", () => socket.destroy());
    socket.on("data", (bytes) => {
      received = Buffer.concat([received, bytes]);
      while (received.length > 2 && received.length >= 2 + received.readUInt16BE(0)) {
        const end = 2 + received.readUInt16BE(0);
        const reply = this.#reply(received.subarray(2, end), true);
        received = received.subarray(end);
        if (reply !== undefined) socket.write(Buffer.concat([short(reply.length), reply]));
      }
    });
  }

  #reply(query: Buffer, isTcp: boolean): Buffer | undefined {
    const { name, kind, end } = questionOf(query);
    const question = `${kind} ${name}`;
    this.asked.push(isTcp ? `${question} (TCP)` : question);
    const answer = this.#answers[question] ?? this.#answers[name] ?? NXDOMAIN;
    if (answer === "mute") return undefined;
    if ("bytes" in answer) return Buffer.concat([query.subarray(0, 2), answer.bytes]);
    const asked = query.subarray(12, end);
    if ("code" in answer) return message(query, 0x8180 | answer.code, asked, []);
    const isTruncated = "overTcp" in answer && !isTcp;
    const records = "overTcp" in answer ? (isTcp ? answer.overTcp : []) : answer;
    return message(query, isTruncated ? 0x8380 : 0x8180, asked, records);
  }
}

function questionOf(query: Buffer): { name: string; kind: string; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at] ?? 0; length > 0; length = query[at] ?? 0) {
    labels.push(query.toString("latin1", at + 1, at + 1 + length));
    at += 1 + length;
  }
  const number = query.readUInt16BE(at + 1);
  const kind = Object.entries(KINDS).find(([, value]) => value === number)?.[0] ?? String(number);
  // Askers may mix capitals in, to know the answer by them.
  return { name: labels.join(".").toLowerCase(), kind, end: at + 5 };
}

function message(
  query: Buffer,
  flags: number,
  question: Buffer,
  records: readonly DnsRecord[],
): Buffer {
  const counts = Buffer.concat([short(1), short(records.length), short(0), short(0)]);
  const answers = records.map(({ kind, name, data }) => {
    // 0xC00C points to the name in the question.
    const owner = name === undefined ? short(0xc00c) : nameBytes(name);
    const bytes = dataBytes(kind, data);
    const ttl = Buffer.from([0, 0, 0, 60]);
    return Buffer.concat([owner, short(KINDS[kind]), short(1), ttl, short(bytes.length), bytes]);
  });
  return Buffer.concat([query.subarray(0, 2), short(flags), counts, question, ...answers]);
}

function dataBytes(kind: keyof typeof KINDS, data: string): Buffer {
  if (kind === "A") return Buffer.from(data.split(".").map(Number));
  if (kind === "TXT") return Buffer.concat([Buffer.from([data.length]), Buffer.from(data)]);
  if (kind === "AAAA") {
    const [head = "", tail = ""] = data.split("::");
    const groups = (text: string) => text.split(":").filter(Boolean);
    const zeros = 8 - groups(head).length - groups(tail).length;
    const all = [...groups(head), ...new Array<string>(zeros).fill("0"), ...groups(tail)];
    return Buffer.concat(all.map((group) => short(Number.parseInt(group, 16))));
  }
  if (kind === "CNAME") return nameBytes(data);
  const [priority, weight, port, target = "."] = data.split(" ");
  return Buffer.concat([
    ...[priority, weight, port].map((n) => short(Number(n))),
    nameBytes(target),
  ]);
}

function nameBytes(name: string): Buffer {
  const labels = name.split(".").filter(Boolean);
  const bytes = labels.map((label) =>
    Buffer.concat([Buffer.from([label.length]), Buffer.from(label, "latin1")]),
  );
  return Buffer.concat([...bytes, Buffer.from([0])]);
}

function short(number: number): Buffer {
  return Buffer.from([number >> 8, number & 0xff]);
}
