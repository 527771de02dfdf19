import { corpus } from "../corpus/corpus.js";
import { Random } from "../corpus/random.js";

/** The prefixes that the expressions use; every engine is given them. */
export const NAMESPACES = {
  c: "jabber:client",
  disco: "http://jabber.org/protocol/disco#info",
  ev: "http://jabber.org/protocol/pubsub#event",
  muc: "http://jabber.org/protocol/muc#user",
};

/** Stanzas as documents of their own, each in `jabber:client`. */
export function stanzaTexts(count) {
  const { stanzas } = corpus({
    profile: "mixed",
    bytes: count * 700,
    component: "bot.example.net",
  });
  return stanzas
    .slice(0, count)
    .map((text) => text.replace(/^<(message|presence|iq)/, "<$1 xmlns='jabber:client'"));
}

/**
 * Ten expressions that people write; `k` is a constant of its own in each filter. `at` finds such
 * a constant in the stanzas, so that the first ten filters have something to match.
 */
const TEMPLATES = [
  { write: (k) => `/c:message[@from='${k}']`, at: /<message[^>]* from=['"]([^'"]+)/ },
  {
    write: (k) => `/c:message[@type='chat' and starts-with(@from,'${k}')]`,
    at: /<message[^>]* from=['"]([^'"/]+)/,
  },
  { write: (k) => `/c:iq/*[namespace-uri()='${k}']`, at: /<iq[^>]*><\w+ xmlns=['"]([^'"]+)/ },
  { write: (k) => `/c:iq[@type='result' and @id='${k}']`, at: /<iq[^>]*type='result' id='([^']+)/ },
  { write: (k) => `//muc:x/muc:item[@jid='${k}']`, at: /<item affiliation=[^>]* jid='([^']+)/ },
  {
    write: (k) => `/c:message[contains(c:body,'${k}')]`,
    at: /<body>[a-z]+( [a-z]+ [a-z]+ [a-z]+)/,
  },
  {
    write: (k) => `/c:presence[@from='${k}' and not(@type)]`,
    at: /<presence[^>]* from=['"]([^'"]+)/,
  },
  { write: (k) => `/c:message/ev:event/ev:items[@node='${k}']`, at: /<items node=['"]([^'"]+)/ },
  { write: (k) => `/c:message[c:body='${k}']`, at: /<body>([a-zA-Z ]+)<\/body>/ },
  { write: (k) => `/c:iq/disco:query[@node='${k}']`, at: /<query [^>]*node='([^']+)/ },
];

/** Ten written by hand, none alike, some that no index can help. */
const STATIC = [
  "/c:message[@type='chat']/c:body",
  "/c:iq[@type='get' or @type='set']",
  "count(/c:message/*) > 2",
  "/c:presence[not(@type)]",
  "/c:message/*[position()=2]",
  "//muc:x | //disco:query",
  "/c:message[string-length(c:body) > 60]",
  "//*[local-name()='forwarded']//c:body",
  "/c:iq/disco:query[count(disco:feature) > 10]",
  "/c:message[not(c:body) and not(c:subject)]",
];

/**
 * The N expressions of a set. In `mixed` and `from` the first ten have constants that occur in
 * the stanzas, all others have constants that do not. So the matches stay the same while N grows.
 *
 * @param {"mixed" | "from" | "static" | "unindexable"} set @param {number} n
 */
export function expressions(set, n) {
  const r = new Random(42);
  const texts = stanzaTexts(1000);
  if (set === "static") return STATIC.slice(0, n);
  if (set === "unindexable") {
    return Array.from({ length: n }, (_, i) =>
      i % 2 === 0 ? `count(/c:message/*) = ${20 + i}` : `not(string-length(/*/@to) < ${200 + i})`,
    );
  }
  const seen = new Set();
  return Array.from({ length: n }, (_, i) => {
    const template = set === "from" ? TEMPLATES[0] : TEMPLATES[i % 10];
    if (i >= 10) return template.write(`${r.pick(["user", "bot", "x"])}${i}@${r.hex(6)}.example`);
    const constant = texts
      .map((text) => template.at.exec(text)?.[1])
      .find((found) => found !== undefined && !seen.has(found));
    seen.add(constant);
    return template.write(constant ?? `nobody${i}`);
  });
}
