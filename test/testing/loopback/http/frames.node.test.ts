import { describe, expect, test } from "vitest";
import { WebSocketFrames } from "../../../../src/testing/loopback/http/frames.ts";

/** A masked frame, as a client sends it. `first`: FIN, the reserved bits and the opcode. */
function masked(first: number, payload: string | Uint8Array, length?: readonly number[]): Buffer {
  const bytes = Buffer.from(payload);
  const size = length ?? [bytes.length];
  const mask = [1, 2, 3, 4];
  const [short = 0, ...more] = size;
  return Buffer.from([
    first,
    0x80 | short,
    ...more,
    ...mask,
    ...bytes.map((byte, at) => byte ^ (mask[at & 3] ?? 0)),
  ]);
}

const TEXT = 0x81;

describe("frames of a client", () => {
  test.each([
    ["a text", [masked(TEXT, "<a/>")], ["message <a/>"]],
    ["two texts", [masked(TEXT, "<a/>"), masked(TEXT, "<b/>")], ["message <a/>", "message <b/>"]],
    ["fragments", [masked(0x01, "<a"), masked(0x00, " "), masked(0x80, "/>")], ["message <a />"]],
    [
      "a ping among fragments",
      [masked(0x01, "<a"), masked(0x89, "p"), masked(0x80, "/>")],
      ["ping p", "message <a/>"],
    ],
    ["a pong", [masked(0x8a, "")], ["pong"]],
    ["a close", [masked(0x88, Buffer.from([0x03, 0xe9])), masked(TEXT, "late")], ["close 1001"]],
    ["a close without a code", [masked(0x88, "")], ["close 1000"]],
    ["126 bytes", [masked(TEXT, "x".repeat(126), [126, 0, 126])], [`message ${"x".repeat(126)}`]],
    [
      "a length in eight bytes",
      [masked(TEXT, "abc", [127, 0, 0, 0, 0, 0, 0, 0, 3])],
      ["message abc"],
    ],
    ["a binary message", [masked(0x82, "x")], ["close 1003"]],
    ["no mask", [Buffer.from([TEXT, 1, 0x78])], ["close 1002"]],
    ["a reserved bit", [masked(0xc1, "x")], ["close 1002"]],
    ["an unknown opcode", [masked(0x83, "x")], ["close 1002"]],
    ["a continuation of nothing", [masked(0x80, "x")], ["close 1002"]],
    ["a text among fragments", [masked(0x01, "x"), masked(TEXT, "y")], ["close 1002"]],
    ["a ping in fragments", [masked(0x09, "x")], ["close 1002"]],
    ["a message too big", [masked(TEXT, "", [127, 0, 0, 0, 0, 0, 0x20, 0, 1])], ["close 1009"]],
  ])("%s, cut anywhere", (_, frames, wanted) => {
    const bytes = Buffer.concat(frames);
    const most = Math.min(bytes.length, 200);
    for (let cut = 1; cut <= most; cut++) {
      const reader = new WebSocketFrames();
      const parts = [bytes.subarray(0, cut), bytes.subarray(cut)];
      const told = parts.flatMap((part) =>
        reader.read(part).map((one) => {
          if (one.kind === "close") return `close ${one.code}`;
          return one.kind === "pong"
            ? "pong"
            : `${one.kind} ${new TextDecoder().decode(one.bytes)}`;
        }),
      );
      expect(told).toEqual(wanted);
    }
  });
});

test.each([
  [0, [0x81, 0]],
  [125, [0x81, 125]],
  [126, [0x81, 126, 0, 126]],
  [65_535, [0x81, 126, 255, 255]],
  [65_536, [0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]],
])("a text of %i bytes goes without a mask, with its length in front", (size, header) => {
  const frame = new WebSocketFrames().text(new Uint8Array(size));
  expect([...frame.subarray(0, header.length)]).toEqual(header);
  expect(frame.length).toBe(header.length + size);
});
