import { describe, expect, test } from "vitest";
import {
  type Message,
  type MessageSocket,
  MessageTransport,
} from "../../../src/transport/websocket/message-transport.ts";
import { settled } from "../../virtual-clock.ts";

/** A WebSocket that does what a test tells it. */
class SocketDouble implements MessageSocket {
  readonly local = undefined;
  readonly remote = { host: "127.0.0.1", port: 443 };
  readonly tls = undefined;
  readonly log: string[] = [];

  send(messages: readonly Message[]): void {
    this.log.push(messages.map(({ text, bytes }) => `${text} (${bytes})`).join(" "));
  }

  pause(): void {
    this.log.push("[pause]");
  }

  resume(): void {
    this.log.push("[resume]");
  }

  close(): void {
    this.log.push("[close]");
  }

  drop(code: number): void {
    this.log.push(`[drop ${code}]`);
  }
}

/** A transport that has begun. `leaving`: the text that its owner writes when a turn leaves. */
function open({ leaving = "" } = {}) {
  const socket = new SocketDouble();
  const { log } = socket;
  const transport = new MessageTransport(socket);
  transport.start({
    data: (bytes) => void log.push(`< ${new TextDecoder().decode(bytes)}`),
    leaving: () => {
      log.push("[leaving]");
      transport.write(leaving);
    },
    taken: (total) => void log.push(`[taken ${total}]`),
    end: () => void log.push("[end]"),
    close: (error) => void log.push(`[closed ${error?.message ?? "in order"}]`),
  });
  return {
    transport,
    log,
    arrive: (text: string): void => {
      transport.message(utf8(text));
    },
  };
}

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

describe("writes", () => {
  test("of a turn leave together at its end, each as a message, with those of `leaving`", async () => {
    const { transport, log } = open({ leaving: "<r/>" });
    transport.write("<a/>");
    transport.write(utf8("<é/>"));
    transport.write("");
    expect(log).toEqual([]);
    expect(transport.handed).toBe(9);
    await settled();
    expect(log).toEqual(["[leaving]", "<a/> (4) <é/> (5) <r/> (4)"]);
    expect([transport.handed, transport.taken]).toEqual([13, 0]);
    transport.took(13);
    expect(log.at(-1)).toBe("[taken 13]");
    expect(transport.taken).toBe(13);
  });
});

describe("an end", () => {
  test("leaves behind all that is written, and is in order where the other side agrees", async () => {
    const { transport, log } = open();
    transport.write("1234");
    transport.end();
    transport.write("late");
    expect(log).toEqual(["[leaving]", "1234 (4)", "[close]"]);
    transport.closed({ code: 1000, reason: "" });
    await settled();
    expect(log.at(-1)).toBe("[closed in order]");
    expect(transport.handed).toBe(4);
  });

  test.each([
    [{ code: 1000, reason: "" }, "the server closed the WebSocket with 1000"],
    [
      { code: 1001, reason: "going\naway" },
      "the server closed the WebSocket with 1001 (going away)",
    ],
    [{ code: 1008, reason: "too fast" }, "the server closed the WebSocket with 1008 (too fast)"],
    [{ cause: undefined }, "the connection was cut"],
    [{ cause: new TypeError("reset by peer") }, "reset by peer"],
  ])("by %j, which we did not begin, is an error that says so", async (how, message) => {
    const { transport, log } = open();
    transport.closed(how);
    transport.write("late");
    await settled();
    expect(log).toEqual([`[closed the connection ended: ${message}]`]);
  });

  test.each([
    [{ code: 1011, reason: "" }, "closed the WebSocket with 1011"],
    [{ cause: undefined }, "was cut"],
  ])("by %j while we close is an error all the same", async (how, message) => {
    const { transport, log } = open();
    transport.end();
    transport.closed(how);
    await settled();
    expect(log.at(-1)).toContain(message);
  });

  test("of our own drops all that waits, and is told once, without an error", async () => {
    const { transport, log, arrive } = open();
    transport.write("lost");
    transport.pause();
    arrive("held");
    transport.destroy();
    transport.destroy();
    transport.closed({ code: 1006, reason: "" });
    arrive("late");
    transport.took(4);
    await settled();
    expect(log).toEqual(["[pause]", "[drop 1000]", "[closed in order]"]);
    expect([transport.handed, transport.taken]).toEqual([4, 0]);
  });

  test("before the start is told after it", async () => {
    const socket = new SocketDouble();
    const transport = new MessageTransport(socket);
    transport.message(utf8("<early/>"));
    transport.closed({ cause: undefined });
    await settled();
    const told: string[] = [];
    transport.start({
      data: (bytes) => void told.push(new TextDecoder().decode(bytes)),
      leaving: () => undefined,
      taken: () => undefined,
      end: () => undefined,
      close: (error) => void told.push(error?.message ?? ""),
    });
    expect(told).toEqual([]);
    await settled();
    expect(told).toEqual(["<early/>", "the connection ended: the connection was cut"]);
  });
});

describe("messages", () => {
  test("are held while reading is paused, and come in order, before the end", async () => {
    const { transport, log, arrive } = open();
    arrive("1");
    transport.pause();
    arrive("2");
    transport.closed({ code: 1001, reason: "" });
    await settled();
    expect(log).toEqual(["< 1", "[pause]"]);
    transport.resume();
    await settled();
    expect(log.slice(2)).toEqual(["< 2", expect.stringContaining("[closed")]);
  });

  test("that arrive while others are held come behind them", async () => {
    const { transport, log, arrive } = open();
    transport.pause();
    arrive("1");
    transport.resume();
    arrive("2");
    expect(log).toEqual(["[pause]", "[resume]"]);
    await settled();
    expect(log.slice(2)).toEqual(["< 1", "< 2"]);
  });

  test("that are binary end it, with the code for that", async () => {
    const { transport, log } = open();
    transport.binary();
    await settled();
    expect(log[0]).toBe("[drop 1003]");
    expect(log[1]).toContain("the server sent a binary message");
  });

  test.each([
    ["large", 1_000_000, 17],
    ["empty", 0, 131_073],
  ])("that are %s are held up to 16 MiB, and then end it", async (_, length, most) => {
    const { transport, log } = open();
    transport.pause();
    const message = new Uint8Array(length);
    for (let count = 1; count < most; count++) transport.message(message);
    expect(log).toEqual(["[pause]"]);
    transport.message(message);
    await settled();
    expect(log[1]).toBe("[drop 1008]");
    expect(log[2]).toContain("16777216 bytes arrived while reading was paused");
  });
});

test("it takes no TLS on the way", async () => {
  await expect(open().transport.secure()).rejects.toMatchObject({ code: "TLS_FAILED" });
});
