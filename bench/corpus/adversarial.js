import { Random } from "./random.js";

/**
 * Streams that miss every cache and come near every bound. All are legal and within the default limits, so a hostile
 * peer may send them all day.
 */
const STREAMS = {
  /** No name is ever seen twice. */
  names(r) {
    const name = "n" + r.hex(10);
    const attribute = "a" + r.hex(10);
    return `<message to='${r.hex(8)}@x'><${name} xmlns='urn:${r.hex(12)}' ${attribute}='${r.hex(6)}'>x</${name}></message>`;
  },
  /** Well-known shapes with one byte changed, so that a learned shape always almost fits. */
  nearly(r) {
    const odd = r.pick(["typf", "idx", "frum", "tp", "xmlnt"]);
    const space = r.pick([" ", "  ", "\n", "\t"]);
    return `<message${space}from='a@b/${r.hex(4)}' ${odd}='chat'${space}id="${r.hex(8)}"><body >${r.hex(12)}</body ></message>`;
  },
  deep(r) {
    const depth = 100;
    return "<message>" + "<a>".repeat(depth) + r.hex(4) + "</a>".repeat(depth) + "</message>";
  },
  attributes(r) {
    let tag = "<message";
    for (let i = 0; i < 60; i++) tag += ` ${String.fromCharCode(97 + (i % 26))}${i}='${r.hex(4)}'`;
    return tag + "/>";
  },
  prefixes(r) {
    let text = "<message>";
    for (let i = 0; i < 12; i++) {
      const p = "p" + r.hex(5);
      text += `<${p}:x xmlns:${p}='urn:${r.hex(8)}' ${p}:y='${r.hex(3)}'/>`;
    }
    return text + "</message>";
  },
  /** Many attributes in a namespace, each of a name never seen. */
  qualified(r) {
    let tag = "<message xmlns:p='urn:p'";
    for (let i = 0; i < 60; i++) tag += ` p:a${r.hex(6)}='1'`;
    return tag + "/>";
  },
  /** Names well known, in a namespace that is another each time. */
  rebound(r) {
    let tag = `<message xmlns:p='urn:${r.hex(6)}'`;
    for (let i = 0; i < 60; i++) tag += ` p:a${i}='1'`;
    return tag + "/>";
  },
  references(r) {
    return `<message><body>${"&lt;&#x263A;&amp;a".repeat(r.int(10, 60))}</body></message>`;
  },
  foreign(r) {
    return `<message to='ю@例え.jp'><body>${"жé例😂".repeat(r.int(10, 60))}</body></message>`;
  },
};

export const ADVERSARIAL = Object.keys(STREAMS);

/** @param {{ adversarial: string, bytes: number, seed?: number }} what */
export function adversarial({ adversarial: kind, bytes, seed = 13 }) {
  const r = new Random(seed);
  const parts = [];
  let size = 0;
  while (size < bytes) {
    const stanza = STREAMS[kind](r);
    parts.push(stanza);
    size += Buffer.byteLength(stanza);
  }
  return parts;
}
