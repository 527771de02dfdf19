/** The questions and answers of a busy connection. kinds.js says how they are written. */
import { NS } from "./namespaces.js";

export function disco(w) {
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

export function discoItems(w) {
  const items = [];
  for (let i = w.r.int(4, 20); i > 0; i--)
    items.push(w.el("item", { jid: w.room(), name: w.text(1, 3) }));
  return w.el(
    "iq",
    { from: "conference.example.net", to: w.me, type: "result", id: w.id() },
    w.el("query", { xmlns: NS.discoItems }, ...items),
  );
}

export function roster(w) {
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

export function jingle(w) {
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

export function iqGet(w) {
  const child = w.r.pick([
    () => w.el("ping", { xmlns: "urn:xmpp:ping" }),
    () => w.el("query", { xmlns: "jabber:iq:version" }),
    () => w.el("query", { xmlns: NS.discoInfo }),
    () => w.el("time", { xmlns: "urn:xmpp:time" }),
  ]);
  return w.el("iq", { from: w.contact(), to: w.me, type: "get", id: w.id() }, child());
}

export function iqSet(w) {
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

export function iqResult(w) {
  return w.el("iq", { from: w.contact(), to: w.me, type: "result", id: w.id() });
}

export function iqError(w) {
  return w.el(
    "iq",
    { from: w.contact(), to: w.me, type: "error", id: w.id() },
    w.el("query", { xmlns: NS.discoInfo }),
    w.el("error", { type: "cancel" }, w.el("service-unavailable", { xmlns: NS.stanzas })),
  );
}

export function vcard(w) {
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

export function bundle(w) {
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
