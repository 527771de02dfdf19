/** A thing that a client has sent, in one frame or several. */
export type Incoming =
  | { readonly kind: "message"; readonly bytes: Uint8Array }
  | { readonly kind: "ping"; readonly bytes: Uint8Array }
  | { readonly kind: "pong" }
  | { readonly kind: "close"; readonly code: number };

/** The messages of a connection, as its server reads and writes them. */
export interface MessageFrames {
  /** Reads what has arrived. */
  read(bytes: Uint8Array): Incoming[];
  /** A text message. */
  text(bytes: Uint8Array): Uint8Array;
  /** The answer to a ping. */
  pong(bytes: Uint8Array): Uint8Array;
  /** The goodbye of the connection. */
  close(code: number): Uint8Array;
}

/** The most bytes of a message that a client may send. */
const MOST_BYTES = 2 * 1024 * 1024;

/** The opcodes (RFC 6455, 5.2). */
const CONTINUATION = 0;
const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
const KINDS: ReadonlySet<number> = new Set([CONTINUATION, TEXT, CLOSE, PING, PONG]);

/** The codes of a failure (RFC 6455, 7.4.1). */
const PROTOCOL_ERROR = 1002;
const UNSUPPORTED = 1003;
const TOO_BIG = 1009;

const NOTHING = Buffer.alloc(0);

/**
 * Reads and writes the frames of one WebSocket, as a server (RFC 6455, 5). It is written for this server alone, so that a
 * defect of the client's own library does not meet itself.
 */
export class WebSocketFrames implements MessageFrames {
  /** Bytes of a frame that is not whole yet. */
  #rest: Buffer = NOTHING;
  /** Fragments of a message that is not whole yet. */
  #fragments: Buffer[] | undefined;
  #isClosed = false;

  /** Reads what has arrived. A failure is told as a close with its code, and nothing follows. */
  read(bytes: Uint8Array): Incoming[] {
    const incoming: Incoming[] = [];
    this.#rest = Buffer.concat([this.#rest, bytes]);
    while (!this.#isClosed) {
      const frame = takeFrame(this.#rest);
      if (frame === undefined) break;
      this.#rest = frame.rest;
      const read = frame.fault === undefined ? this.#read(frame) : fail(frame.fault);
      if (read !== undefined) incoming.push(read);
      this.#isClosed = read?.kind === "close";
    }
    return incoming;
  }

  /** A text message. */
  text(bytes: Uint8Array): Uint8Array {
    return frameOf(TEXT, bytes);
  }

  /** The answer to a ping. */
  pong(bytes: Uint8Array): Uint8Array {
    return frameOf(PONG, bytes);
  }

  /** The closing handshake, its beginning or its answer. */
  close(code: number): Uint8Array {
    const bytes = Buffer.alloc(2);
    bytes.writeUInt16BE(code);
    return frameOf(CLOSE, bytes);
  }

  #read({ opcode, isLast, payload }: Frame): Incoming | undefined {
    if (opcode === PING) return { kind: "ping", bytes: payload };
    if (opcode === PONG) return { kind: "pong" };
    if (opcode === CLOSE) {
      return { kind: "close", code: payload.length < 2 ? 1000 : payload.readUInt16BE(0) };
    }
    if ((opcode === CONTINUATION) !== (this.#fragments !== undefined)) return fail(PROTOCOL_ERROR);
    const fragments = [...(this.#fragments ?? []), payload];
    this.#fragments = isLast ? undefined : fragments;
    const size = fragments.reduce((sum, { length }) => sum + length, 0);
    if (size > MOST_BYTES) return fail(TOO_BIG);
    return isLast ? { kind: "message", bytes: Buffer.concat(fragments) } : undefined;
  }
}

interface Frame {
  readonly opcode: number;
  readonly isLast: boolean;
  readonly payload: Buffer;
  readonly rest: Buffer;
  readonly fault?: number;
}

/** Takes one frame from the front of bytes; `undefined`: it is not whole. */
function takeFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < 2) return undefined;
  const first = bytes.readUInt8(0);
  const second = bytes.readUInt8(1);
  const opcode = first & 0x0f;
  const isLast = (first & 0x80) !== 0;
  const none = { opcode, isLast, payload: NOTHING, rest: NOTHING };
  if (opcode === 2) return { ...none, fault: UNSUPPORTED };
  const isControl = opcode >= CLOSE;
  const short = second & 0x7f;
  const isMasked = (second & 0x80) !== 0;
  const isOdd = (first & 0x70) !== 0 || !KINDS.has(opcode) || !isMasked;
  if (isOdd || (isControl && (!isLast || short > 125))) return { ...none, fault: PROTOCOL_ERROR };
  const more = { 126: 2, 127: 8 }[short] ?? 0;
  const start = 2 + more + 4;
  if (bytes.length < start) return undefined;
  let length = short;
  if (more === 2) length = bytes.readUInt16BE(2);
  else if (more === 8) length = Number(bytes.readBigUInt64BE(2));
  if (length > MOST_BYTES) return { ...none, fault: TOO_BIG };
  if (bytes.length < start + length) return undefined;
  const mask = bytes.subarray(start - 4, start);
  const payload = Buffer.from(bytes.subarray(start, start + length));
  for (let at = 0; at < length; at++) payload[at] = (payload[at] ?? 0) ^ (mask[at & 3] ?? 0);
  return { opcode, isLast, payload, rest: bytes.subarray(start + length) };
}

function frameOf(opcode: number, payload: Uint8Array): Uint8Array {
  const { length } = payload;
  const header = Buffer.alloc(length > 65_535 ? 10 : length > 125 ? 4 : 2);
  header[0] = 0x80 | opcode;
  if (length > 65_535) {
    header[1] = 127;
    header.writeBigUInt64BE(BigInt(length), 2);
  } else if (length > 125) {
    header[1] = 126;
    header.writeUInt16BE(length, 2);
  } else header[1] = length;
  return Buffer.concat([header, payload]);
}

function fail(code: number): Incoming {
  return { kind: "close", code };
}
