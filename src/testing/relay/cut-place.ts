import { badOption, knownOptions, oneOf, record, text, wholeNumber } from "../../base/check.ts";

/** The way of bytes: `up` is from the client to the server, `down` from the server to the client. */
export type Way = "up" | "down";

/** A part of XML to cut in: a start tag, character data, an end tag. */
export type XmlPart = "tag" | "text" | "end-tag";

/**
 * A moment in the life of a stream at which to cut it. All but `tls` are seen on connections in clear only.
 *
 * | moment | the cut falls |
 * | --- | --- |
 * | `tls` | inside the first bytes of the client's TLS handshake |
 * | `sasl` | inside the client's `<auth/>`, `<handshake/>` or jabber:iq:auth query |
 * | `bind` | inside the client's request to bind |
 * | `resume` | behind the client's `<resume/>` (XEP-0198), before the answer |
 * | `replay` | inside the first 2,000 bytes that the client sends after `<resumed/>` |
 */
export type CutMoment = keyof typeof MOMENTS;

/**
 * Where to cut. A moment; a part of XML, the next one; `bytes`, so many of the connection; `within`,
 * somewhere in the next so many; `after`, behind the next such text, or inside the next part of XML
 * behind it. The seed decides where exactly.
 */
export type CutPlace =
  | CutMoment
  | XmlPart
  | { readonly bytes: number; readonly way?: Way | undefined }
  | { readonly within: number; readonly way?: Way | undefined }
  | {
      readonly after: string;
      readonly inside?: XmlPart | undefined;
      readonly way?: Way | undefined;
    };

/** One stage on the way to a cut; the stages of a place follow one another. */
export type Stage =
  | { readonly kind: "bytes"; readonly way: Way; readonly bytes: number }
  /** So many bytes more, at least one, at most `within`. */
  | { readonly kind: "within"; readonly way: Way; readonly within: number }
  /** Behind the first of the texts. */
  | { readonly kind: "after"; readonly way: Way; readonly texts: readonly Uint8Array[] }
  | { readonly kind: "inside"; readonly way: Way; readonly part: XmlPart };

const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text);

const after = (way: Way, ...texts: readonly string[]): Stage => ({
  ...{ kind: "after", way },
  texts: texts.map(utf8),
});

const within = (way: Way, bytes: number): Stage => ({ kind: "within", way, within: bytes });

/** The first byte of a TLS handshake record, which XML cannot have. */
const HANDSHAKE: Stage = { kind: "after", way: "up", texts: [Uint8Array.of(0x16)] };

const MOMENTS = {
  tls: [HANDSHAKE, within("up", 200)],
  sasl: [after("up", "<auth", "<handshake", "jabber:iq:auth"), within("up", 16)],
  bind: [after("up", "<bind"), within("up", 16)],
  resume: [after("up", "<resume"), after("up", ">")],
  replay: [after("down", "<resumed"), within("up", 2000)],
} as const satisfies Record<string, readonly Stage[]>;

const PARTS = ["tag", "text", "end-tag"] as const satisfies readonly XmlPart[];

/** The names of the moments, in the order of a login. */
export const cutMoments = Object.keys(MOMENTS) as readonly CutMoment[];

/** The stages of a place. Ends in `BAD_OPTION`. */
export function stagesOf(place: CutPlace): readonly Stage[] {
  if (typeof place === "string") {
    const word = oneOf("at", place, [...cutMoments, ...PARTS]);
    return word in MOMENTS
      ? MOMENTS[word as CutMoment]
      : [{ kind: "inside", way: "up", part: word as XmlPart }];
  }
  const given = record("at", place);
  const way = oneOf("at.way", given.way ?? "up", ["up", "down"]);
  if (given.bytes !== undefined) {
    knownOptions("at", given, ["bytes", "way"]);
    return [{ kind: "bytes", way, bytes: wholeNumber("at.bytes", given.bytes, 0) }];
  }
  if (given.within !== undefined) {
    knownOptions("at", given, ["within", "way"]);
    return [within(way, wholeNumber("at.within", given.within, 1))];
  }
  if (given.after === undefined)
    throw badOption("at", "a moment, or bytes, within or after", place);
  knownOptions("at", given, ["after", "inside", "way"]);
  const behind = after(way, text("at.after", given.after));
  if (given.inside === undefined) return [behind];
  return [behind, { kind: "inside", way, part: oneOf("at.inside", given.inside, PARTS) }];
}
