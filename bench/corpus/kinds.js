/**
 * The stanzas of a busy connection, one function a kind. Each gets the shared `World` and returns
 * XML text. `w.el(name, attributes, ...content)` writes a tag in the quotes of the day, `w.text()`
 * a sentence that is already escaped.
 */

const NS = {
  caps: "http://jabber.org/protocol/caps",
  carbons: "urn:xmpp:carbons:2",
  chatstates: "http://jabber.org/protocol/chatstates",
  delay: "urn:xmpp:delay",
  discoInfo: "http://jabber.org/protocol/disco#info",
  discoItems: "http://jabber.org/protocol/disco#items",
  eme: "urn:xmpp:eme:0",
  forward: "urn:xmpp:forward:0",
  hints: "urn:xmpp:hints",
  jingle: "urn:xmpp:jingle:1",
  mam: "urn:xmpp:mam:2",
  muc: "http://jabber.org/protocol/muc#user",
  omemo: "eu.siacs.conversations.axolotl",
  oob: "jabber:x:oob",
  pubsub: "http://jabber.org/protocol/pubsub",
  pubsubEvent: "http://jabber.org/protocol/pubsub#event",
  receipts: "urn:xmpp:receipts",
  roster: "jabber:iq:roster",
  sid: "urn:xmpp:sid:0",
  sm: "urn:xmpp:sm:3",
  stanzas: "urn:ietf:params:xml:ns:xmpp-stanzas",
  vcard: "vcard-temp",
  vcardUpdate: "vcard-temp:x:update",
  xhtml: "http://www.w3.org/1999/xhtml",
  xhtmlIm: "http://jabber.org/protocol/xhtml-im",
};

const sid = (w) => w.el("stanza-id", { xmlns: NS.sid, by: w.bare, id: w.r.uuid() });
const origin = (w) => w.el("origin-id", { xmlns: NS.sid, id: w.r.uuid() });

function chat(w) {
  return w.el(
    "message",
    { from: w.contact(), to: w.me, type: "chat", id: w.id() },
    w.el("body", {}, w.text()),
    w.r.chance(0.55) && w.el("active", { xmlns: NS.chatstates }),
    w.r.chance(0.4) && w.el("request", { xmlns: NS.receipts }),
    w.r.chance(0.6) && origin(w),
    w.r.chance(0.6) && sid(w),
  );
}

/** The short one: what a bot sees most of. */
function shortChat(w) {
  return w.el(
    "message",
    { from: w.contact(), to: w.me, type: "chat", id: w.id() },
    w.el("body", {}, w.text(2, 9)),
  );
}

function groupchat(w) {
  return w.el(
    "message",
    { from: w.occupant(), to: w.me, type: "groupchat", id: w.id() },
    w.el("body", {}, w.text()),
    sid(w),
    w.r.chance(0.4) && w.el("delay", { xmlns: NS.delay, from: w.room(), stamp: w.stamp() }),
    w.r.chance(0.3) && w.el("occupant-id", { xmlns: "urn:xmpp:occupant-id:0", id: w.r.base64(32) }),
  );
}

function presence(w) {
  const away = w.r.chance(0.3);
  return w.el(
    "presence",
    { from: w.contact(), to: w.bare },
    away && w.el("show", {}, w.r.pick(["away", "xa", "dnd"])),
    w.r.chance(0.3) && w.el("status", {}, w.text(2, 6)),
    w.el("priority", {}, String(w.r.int(0, 50))),
    w.el("c", {
      xmlns: NS.caps,
      hash: "sha-1",
      node: w.r.pick(["https://gajim.org", "http://conversations.im", "https://dino.im"]),
      ver: w.r.base64(20),
    }),
    w.r.chance(0.4) && w.el("x", { xmlns: NS.vcardUpdate }, w.el("photo", {}, w.r.hex(40))),
  );
}

function mucPresence(w) {
  return w.el(
    "presence",
    { from: w.occupant(), to: w.me, id: w.id() },
    w.r.chance(0.5) &&
      w.el("c", { xmlns: NS.caps, hash: "sha-1", node: "https://dino.im", ver: w.r.base64(20) }),
    w.el(
      "x",
      { xmlns: NS.muc },
      w.el("item", {
        affiliation: w.r.pick(["member", "none", "owner"]),
        role: w.r.pick(["participant", "moderator"]),
        jid: w.contact(),
      }),
      w.r.chance(0.2) && w.el("status", { code: "110" }),
    ),
  );
}

function forwarded(w, inner) {
  return w.el(
    "forwarded",
    { xmlns: NS.forward },
    w.el("delay", { xmlns: NS.delay, stamp: w.stamp() }),
    inner,
  );
}

function innerChat(w) {
  return w.el(
    "message",
    { xmlns: "jabber:client", from: w.contact(), to: w.bare, type: "chat", id: w.id() },
    w.el("body", {}, w.text()),
    origin(w),
  );
}

function mam(w) {
  return w.el(
    "message",
    { from: w.bare, to: w.me, id: w.id() },
    w.el(
      "result",
      { xmlns: NS.mam, queryid: w.r.hex(8), id: w.r.uuid() },
      forwarded(w, innerChat(w)),
    ),
  );
}

function carbon(w) {
  return w.el(
    "message",
    { from: w.bare, to: w.me, type: "chat" },
    w.el(w.r.pick(["received", "sent"]), { xmlns: NS.carbons }, forwarded(w, innerChat(w))),
  );
}

function chatState(w) {
  return w.el(
    "message",
    { from: w.contact(), to: w.me, type: "chat", id: w.id() },
    w.el(w.r.pick(["composing", "paused", "inactive", "gone"]), { xmlns: NS.chatstates }),
    w.el("no-store", { xmlns: NS.hints }),
  );
}

function receipt(w) {
  return w.el(
    "message",
    { from: w.contact(), to: w.me, type: "chat", id: w.id() },
    w.el("received", { xmlns: NS.receipts, id: w.r.uuid() }),
    w.r.chance(0.5) && w.el("store", { xmlns: NS.hints }),
  );
}

function pubsubEvent(w) {
  return w.el(
    "message",
    { from: w.contactBare(), to: w.me, type: "headline" },
    w.el(
      "event",
      { xmlns: NS.pubsubEvent },
      w.el(
        "items",
        {
          node: w.r.pick([
            "http://jabber.org/protocol/tune",
            "urn:xmpp:avatar:metadata",
            NS.omemo + ".devicelist",
          ]),
        },
        w.el(
          "item",
          { id: w.r.hex(40) },
          w.el(
            "metadata",
            { xmlns: "urn:xmpp:avatar:metadata" },
            w.el("info", {
              bytes: String(w.r.int(900, 40000)),
              id: w.r.hex(40),
              width: "64",
              height: "64",
              type: "image/png",
            }),
          ),
        ),
      ),
    ),
  );
}

function omemo(w) {
  const keys = [];
  for (let i = w.r.int(2, 7); i > 0; i--) {
    keys.push(
      w.el(
        "key",
        { rid: String(w.r.int(1, 2147483647)), prekey: w.r.chance(0.2) ? "true" : undefined },
        w.r.base64(w.r.int(60, 180)),
      ),
    );
  }
  return w.el(
    "message",
    { from: w.contact(), to: w.me, type: "chat", id: w.id() },
    w.el(
      "encrypted",
      { xmlns: NS.omemo },
      w.el(
        "header",
        { sid: String(w.r.int(1, 2147483647)) },
        ...keys,
        w.el("iv", {}, w.r.base64(12)),
      ),
      w.el("payload", {}, w.r.base64(w.r.int(40, 900))),
    ),
    w.el("encryption", { xmlns: NS.eme, name: "OMEMO", namespace: NS.omemo }),
    w.el(
      "body",
      {},
      "I sent you an OMEMO encrypted message but your client doesn&apos;t seem to support that.",
    ),
    w.el("store", { xmlns: NS.hints }),
  );
}

function disco(w) {
  const features = w.features();
  return w.el(
    "iq",
    { from: w.contact(), to: w.me, type: "result", id: w.id() },
    w.el(
      "query",
      { xmlns: NS.discoInfo, node: "https://gajim.org#" + w.r.base64(20) },
      w.el("identity", {
        category: "client",
        type: w.r.pick(["pc", "phone", "web"]),
        name: w.r.pick(["Gajim", "Conversations", "Dino"]),
      }),
      ...features.map((feature) => w.el("feature", { var: feature })),
    ),
  );
}

function discoItems(w) {
  const items = [];
  for (let i = w.r.int(4, 20); i > 0; i--)
    items.push(w.el("item", { jid: w.room(), name: w.text(1, 3) }));
  return w.el(
    "iq",
    { from: "conference.example.net", to: w.me, type: "result", id: w.id() },
    w.el("query", { xmlns: NS.discoItems }, ...items),
  );
}

function roster(w) {
  const items = [];
  for (let i = w.r.int(5, 40); i > 0; i--) {
    items.push(
      w.el(
        "item",
        {
          jid: w.contactBare(),
          name: w.text(1, 2),
          subscription: w.r.pick(["both", "to", "from", "none"]),
        },
        w.r.chance(0.6) && w.el("group", {}, w.r.pick(["Friends", "Work", "Verona", "Elsinore"])),
      ),
    );
  }
  return w.el(
    "iq",
    { to: w.me, type: "result", id: w.id() },
    w.el("query", { xmlns: NS.roster, ver: "ver" + w.r.int(1, 99) }, ...items),
  );
}

function xhtmlIm(w) {
  return w.el(
    "message",
    { from: w.contact(), to: w.me, type: "chat", id: w.id() },
    w.el("body", {}, w.text()),
    w.el(
      "html",
      { xmlns: NS.xhtmlIm },
      w.el(
        "body",
        { xmlns: NS.xhtml },
        w.el(
          "p",
          { style: "font-weight:bold" },
          w.text(),
          w.el("em", {}, w.text(1, 3)),
          w.text(1, 4),
        ),
      ),
    ),
  );
}

function jingle(w) {
  const candidates = [];
  for (let i = w.r.int(1, 4); i > 0; i--) {
    candidates.push(
      w.el("candidate", {
        component: "1",
        foundation: String(w.r.int(1, 9)),
        generation: "0",
        id: w.r.hex(10),
        ip: `192.0.2.${w.r.int(1, 254)}`,
        port: String(w.r.int(1025, 65535)),
        priority: String(w.r.int(1e8, 2e9)),
        protocol: "udp",
        type: w.r.pick(["host", "srflx", "relay"]),
      }),
    );
  }
  return w.el(
    "iq",
    { from: w.contact(), to: w.me, type: "set", id: w.id() },
    w.el(
      "jingle",
      { xmlns: NS.jingle, action: "session-initiate", initiator: w.contact(), sid: w.r.hex(16) },
      w.el(
        "content",
        { creator: "initiator", name: "voice" },
        w.el(
          "description",
          { xmlns: "urn:xmpp:jingle:apps:rtp:1", media: "audio" },
          w.el("payload-type", { id: "96", name: "opus", clockrate: "48000", channels: "2" }),
          w.el("payload-type", { id: "0", name: "PCMU", clockrate: "8000" }),
        ),
        w.el(
          "transport",
          { xmlns: "urn:xmpp:jingle:transports:ice-udp:1", pwd: w.r.hex(22), ufrag: w.r.hex(4) },
          ...candidates,
        ),
      ),
    ),
  );
}

function iqGet(w) {
  const child = w.r.pick([
    () => w.el("ping", { xmlns: "urn:xmpp:ping" }),
    () => w.el("query", { xmlns: "jabber:iq:version" }),
    () => w.el("query", { xmlns: NS.discoInfo }),
    () => w.el("time", { xmlns: "urn:xmpp:time" }),
  ]);
  return w.el("iq", { from: w.contact(), to: w.me, type: "get", id: w.id() }, child());
}

function iqSet(w) {
  return w.el(
    "iq",
    { from: w.bare, to: w.me, type: "set", id: w.id() },
    w.el(
      "query",
      { xmlns: NS.roster, ver: w.r.hex(8) },
      w.el("item", { jid: w.contactBare(), subscription: "both" }),
    ),
  );
}

function iqResult(w) {
  return w.el("iq", { from: w.contact(), to: w.me, type: "result", id: w.id() });
}

function iqError(w) {
  return w.el(
    "iq",
    { from: w.contact(), to: w.me, type: "error", id: w.id() },
    w.el("query", { xmlns: NS.discoInfo }),
    w.el("error", { type: "cancel" }, w.el("service-unavailable", { xmlns: NS.stanzas })),
  );
}

function vcard(w) {
  return w.el(
    "iq",
    { from: w.contactBare(), to: w.me, type: "result", id: w.id() },
    w.el(
      "vCard",
      { xmlns: NS.vcard },
      w.el("FN", {}, w.text(2, 2)),
      w.el("NICKNAME", {}, w.text(1, 1)),
      w.el(
        "PHOTO",
        {},
        w.el("TYPE", {}, "image/png"),
        w.el("BINVAL", {}, w.r.base64(w.r.int(3000, 12000))),
      ),
    ),
  );
}

function bundle(w) {
  const keys = [];
  for (let i = 1; i <= 25; i++)
    keys.push(w.el("preKeyPublic", { preKeyId: String(i) }, w.r.base64(33)));
  return w.el(
    "iq",
    { from: w.contactBare(), to: w.me, type: "result", id: w.id() },
    w.el(
      "pubsub",
      { xmlns: NS.pubsub },
      w.el(
        "items",
        { node: NS.omemo + ".bundles:" + w.r.int(1, 2147483647) },
        w.el(
          "item",
          { id: "current" },
          w.el(
            "bundle",
            { xmlns: NS.omemo },
            w.el("signedPreKeyPublic", { signedPreKeyId: "1" }, w.r.base64(33)),
            w.el("signedPreKeySignature", {}, w.r.base64(64)),
            w.el("identityKey", {}, w.r.base64(33)),
            w.el("prekeys", {}, ...keys),
          ),
        ),
      ),
    ),
  );
}

const smRequest = (w) => w.el("r", { xmlns: NS.sm });
const smAnswer = (w) => w.el("a", { xmlns: NS.sm, h: String(w.r.int(1, 99999)) });

/** Kind and weight, as a busy client sees them. */
const MIXED = [
  [chat, 24],
  [groupchat, 11],
  [presence, 10],
  [mam, 9],
  [mucPresence, 8],
  [chatState, 5],
  [receipt, 5],
  [carbon, 5],
  [pubsubEvent, 5],
  [omemo, 4],
  [disco, 2.6],
  [discoItems, 0.8],
  [roster, 0.7],
  [xhtmlIm, 2],
  [jingle, 1],
  [iqGet, 3],
  [iqSet, 1],
  [iqResult, 2],
  [iqError, 1],
  [smRequest, 2],
  [smAnswer, 1],
  [vcard, 0.25],
  [bundle, 0.4],
];

/** @type {Record<string, [(w: any) => string, number][]>} */
export const PROFILES = {
  mixed: MIXED,
  /** As `mixed`, without characters outside ASCII. */
  ascii: MIXED,
  small: [[shortChat, 1]],
  blob: [
    [omemo, 6],
    [vcard, 1],
    [bundle, 1],
  ],
  struct: [
    [disco, 3],
    [discoItems, 1],
    [roster, 1],
    [mucPresence, 3],
  ],
};

/** A component's stream carries no stream management. */
export const COMPONENT_KINDS = MIXED.filter(([kind]) => kind !== smRequest && kind !== smAnswer);
