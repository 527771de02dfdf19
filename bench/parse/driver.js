import { createHash } from "node:crypto";
import { ATTACKS } from "../corpus/attacks.js";
import { chunked, corpus } from "../corpus/corpus.js";
import { chunksOf } from "../corpus/input.js";

const HEADER = corpus({ profile: "small", bytes: 0 }).header;

/**
 * Makes a contender of a parser.
 *
 * @param {{ start: (onStanza: (stanza: any) => void, options?: { defaults?: boolean }) =>
 *     (chunk: Buffer) => void, plain: (stanza: any) => Plain }} library `start` opens a stream and
 *   returns what takes the socket's chunks (`defaults`: with the limits the library has of itself);
 *   `plain` puts one of its trees into the form that is compared.
 *
 * @typedef {{ name: string, ns: string, attributes: [string, string][], children: (Plain | string)[] }} Plain
 *   names of attributes are `local` or `{uri}local`; texts that touch may be in pieces
 */
export function parserContender({ start, plain }) {
  /** @type {Buffer[]} */
  let chunks = [];

  function prepare(task) {
    chunks = chunksOf(task);
  }

  /** Takes these stanzas instead of a task. @param {string} stanzas */
  function prepareText(stanzas) {
    chunks = chunked(Buffer.from(HEADER + stanzas), 65536);
  }

  function pass() {
    let stanzas = 0;
    const write = start(() => {
      stanzas++;
    });
    for (const chunk of chunks) write(chunk);
    return { stanzas };
  }

  /** The contents of the trees, as totals and as one hash. */
  function check() {
    const hash = createHash("sha256");
    const totals = { stanzas: 0, elements: 0, attributes: 0, text: 0 };
    const write = start((stanza) => {
      totals.stanzas++;
      hash.update(canonical(plain(stanza), totals));
    });
    for (const chunk of chunks) write(chunk);
    return { ...totals, digest: hash.digest("hex") };
  }

  /** True if a stream with this document is refused by the end of the stanza after it. */
  function refuses(document) {
    try {
      const write = start(() => {});
      write(Buffer.from(HEADER));
      write(Buffer.from(document));
      write(Buffer.from("<message/>"));
      return false;
    } catch {
      return true;
    }
  }

  /** The verdict on each document: true if it is refused. @param {(string | Buffer)[]} documents */
  function verdicts(documents) {
    return documents.map(refuses);
  }

  /** Feeds an attack in chunks of 1 KiB, until it is refused, it ends, or the time is up. */
  function attack({ name, size, limit }) {
    const chunks = chunked(Buffer.from(HEADER + ATTACKS[name](size)), 1024);
    const from = performance.now();
    let taken = 0;
    const time = () => performance.now() - from;
    try {
      const write = start(() => {}, { defaults: true });
      for (const chunk of chunks) {
        if (time() > limit) return { outcome: "given up", taken, time: time() };
        taken += chunk.length;
        write(chunk);
      }
    } catch (error) {
      return { outcome: error.code ?? "refused", taken, time: time() };
    }
    return { outcome: "swallowed", taken, time: time() };
  }

  return { prepare, prepareText, pass, check, verdicts, attack };
}

/** The text of a tree, which is the same for the trees of all libraries. @param {Plain} element */
function canonical({ name, ns, attributes, children }, totals) {
  totals.elements++;
  totals.attributes += attributes.length;
  const sorted = attributes.map(([key, value]) => `${key}=${JSON.stringify(value)}`).sort();
  let text = "";
  let inner = "";
  const flush = () => {
    if (text !== "") inner += JSON.stringify(text);
    totals.text += text.length;
    text = "";
  };
  for (const child of children) {
    if (typeof child === "string") text += child;
    else {
      flush();
      inner += canonical(child, totals);
    }
  }
  flush();
  return `({${ns}}${name} ${sorted.join(" ")} ${inner})`;
}

export const XML_NS = "http://www.w3.org/XML/1998/namespace";
