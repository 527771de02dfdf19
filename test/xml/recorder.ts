import type { Element } from "../../src/xml/element.ts";
import { PushParser } from "../../src/xml/read/push-parser.ts";
import type { StreamParserOptions } from "../../src/xml/read/stream-parser.ts";
import { XmlError } from "../../src/xml/xml-error.ts";

const encoder = new TextEncoder();

/** An element as nested lists: name, namespace, attributes, prefixes, children. */
export function shape(element: Element): unknown {
  return [
    element.name,
    element.ns,
    { ...element.attrs },
    { ...element.prefixes },
    ...element.children.map((child) => (typeof child === "string" ? child : shape(child))),
  ];
}

export interface Recording {
  /** `["open", shape]`, `["element", shape]`, `["close"]`, `["error", condition, offset, message]`. */
  readonly events: unknown[];
  readonly parser: PushParser;
}

/** Feeds the pieces to a parser, ends the input, and records the calls. */
export function record(
  pieces: Iterable<Uint8Array | string>,
  options?: StreamParserOptions,
): unknown[] {
  const events: unknown[] = [];
  const parser = new PushParser(
    {
      open: (header) => events.push(["open", shape(header)]),
      element: (element) => events.push(["element", shape(element)]),
      close: () => events.push(["close"]),
      error: (error) => {
        events.push(["error", error.condition, error.offset, error.message]);
        if (!(error instanceof XmlError)) events.push("not an XmlError");
      },
    },
    options,
  );
  for (const piece of pieces) parser.write(piece);
  parser.end();
  return events;
}

export function bytesOf(text: string | readonly (string | readonly number[])[]): Uint8Array {
  if (typeof text === "string") return encoder.encode(text);
  const parts = text.map((part) =>
    typeof part === "string" ? encoder.encode(part) : Uint8Array.from(part),
  );
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** The bytes in pieces of `size`. */
export function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  const list: Uint8Array[] = [];
  for (let at = 0; at < bytes.length; at += size) list.push(bytes.slice(at, at + size));
  return list;
}

/** The cuts that are worth trying: none, small pieces, and one cut at each place. */
export function* cuts(bytes: Uint8Array): Generator<Uint8Array[]> {
  yield [bytes];
  for (const size of [1, 2, 3, 7]) yield pieces(bytes, size);
  for (let at = 1; at < bytes.length; at++) yield [bytes.slice(0, at), bytes.slice(at)];
}
