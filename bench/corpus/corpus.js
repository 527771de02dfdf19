import { COMPONENT_KINDS, PROFILES } from "./kinds.js";
import { Random } from "./random.js";
import { DOMAINS, ENGLISH, FEATURES, FOREIGN, NAMES, RESOURCES, WITH_ENTITIES } from "./words.js";

const HEADER = (ns) =>
  `<?xml version='1.0'?><stream:stream xmlns='${ns}' xmlns:stream='http://etherx.jabber.org/streams' ` +
  "id='c2s-b7e1' from='example.net' version='1.0' xml:lang='en'>";

/** The senders and receivers of a stream: the state that the kinds of stanza share. */
class World {
  /** Chosen so that 16 % of the stanzas carry text outside ASCII and 8 % an entity. */
  static FOREIGN = 0.28;
  static ENTITIES = 0.13;
  /** Share of stanzas in double quotes; servers differ in it. */
  static DOUBLE_QUOTES = 0.2;

  constructor(r, { ascii, to }) {
    this.r = r;
    this.ascii = ascii;
    this.me = to ?? "me@example.net/desk";
    this.bare = this.me.split("/")[0];
    this.contacts = Array.from(
      { length: 400 },
      (_, i) => `${r.pick(NAMES)}${i}@${r.pick(DOMAINS)}`,
    );
    this.rooms = Array.from({ length: 30 }, (_, i) => `room${i}@conference.example.net`);
    this.begin();
  }

  /** Sets what holds for one stanza. */
  begin() {
    this.quote = this.r.chance(World.DOUBLE_QUOTES) ? '"' : "'";
    this.foreign = !this.ascii && this.r.chance(World.FOREIGN);
    this.entities = this.r.chance(World.ENTITIES);
  }

  el(name, attributes, ...content) {
    let text = "<" + name;
    for (const key of Object.keys(attributes)) {
      const value = attributes[key];
      if (value !== undefined) text += ` ${key}=${this.quote}${value}${this.quote}`;
    }
    const inner = content.filter((part) => part !== false).join("");
    return inner === "" ? text + "/>" : `${text}>${inner}</${name}>`;
  }

  contactBare() {
    return this.r.favour(this.contacts);
  }

  contact() {
    return `${this.contactBare()}/${this.r.pick(RESOURCES)}`;
  }

  room() {
    return this.r.favour(this.rooms);
  }

  occupant() {
    const nick = this.foreign && this.r.chance(0.3) ? "Ромео" : this.r.pick(NAMES);
    return `${this.room()}/${nick}`;
  }

  id() {
    return this.r.chance(0.6) ? this.r.uuid() : this.r.hex(12);
  }

  stamp() {
    const two = (n) => String(n).padStart(2, "0");
    const { r } = this;
    return `2026-${two(r.int(1, 12))}-${two(r.int(1, 28))}T${two(r.int(0, 23))}:${two(r.int(0, 59))}:${two(r.int(0, 59))}Z`;
  }

  features() {
    const all = FEATURES.filter(() => this.r.chance(0.6));
    return all.length === 0 ? FEATURES.slice(0, 3) : all;
  }

  text(low = 3, high = 16) {
    const words = [];
    for (let i = this.r.int(low, high); i > 0; i--) words.push(this.r.pick(ENGLISH));
    if (this.foreign) words.push(this.r.pick(FOREIGN));
    if (this.entities) words.push(this.r.pick(WITH_ENTITIES));
    return words.join(" ");
  }
}

/**
 * Makes an inbound stream of about `bytes` bytes.
 *
 * @param {{ profile: string, bytes: number, seed?: number, component?: string }} what `profile` is
 *   one of mixed, small, blob, struct, ascii; `component` the domain of a component that it is for.
 */
export function corpus({ profile, bytes, seed = 20261122, component }) {
  const kinds =
    component !== undefined && profile === "mixed" ? COMPONENT_KINDS : PROFILES[profile];
  const random = new Random(seed);
  const world = new World(random, {
    ascii: profile === "ascii",
    to: component && `bot@${component}/x`,
  });
  const total = kinds.reduce((sum, [, weight]) => sum + weight, 0);
  const stanzas = [];
  let size = 0;
  while (size < bytes) {
    world.begin();
    const stanza = choose(kinds, random.next() * total)(world);
    stanzas.push(stanza);
    size += Buffer.byteLength(stanza);
  }
  const ns = component === undefined ? "jabber:client" : "jabber:component:accept";
  return { header: HEADER(ns), stanzas, footer: "</stream:stream>" };
}

/** The kind whose share of the weights `at` falls into. */
function choose(kinds, at) {
  let end = 0;
  for (const [kind, weight] of kinds) {
    end += weight;
    if (at < end) return kind;
  }
  return kinds[0][0];
}

/** The bytes of a corpus, with a white-space keep-alive now and then. */
export function corpusBytes({ header, stanzas, footer }) {
  let text = header;
  for (let i = 0; i < stanzas.length; i++) text += stanzas[i] + (i % 97 === 96 ? " " : "");
  return Buffer.from(text + footer);
}

/**
 * Cuts bytes as a socket might. `chunking` is a size, or `rand` (1–4096) or `rand64` (1–64), which
 * cut characters and tags anywhere.
 *
 * @param {Buffer} bytes @param {number | "rand" | "rand64"} chunking @returns {Buffer[]}
 */
export function chunked(bytes, chunking) {
  const random = new Random(7);
  const next = { rand: () => random.int(1, 4096), rand64: () => random.int(1, 64) }[chunking];
  const chunks = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + (next === undefined ? Number(chunking) : next());
    chunks.push(bytes.subarray(at, end));
    at = end;
  }
  return chunks;
}
