/** The messages of a busy connection. kinds.js says how they are written. */
import { NS } from "./namespaces.js";

const sid = (w) => w.el("stanza-id", { xmlns: NS.sid, by: w.bare, id: w.r.uuid() });

const origin = (w) => w.el("origin-id", { xmlns: NS.sid, id: w.r.uuid() });

export function chat(w) {
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

/** A short message, the commonest one for a bot. */
export function shortChat(w) {
  return w.el(
    "message",
    { from: w.contact(), to: w.me, type: "chat", id: w.id() },
    w.el("body", {}, w.text(2, 9)),
  );
}

export function groupchat(w) {
  return w.el(
    "message",
    { from: w.occupant(), to: w.me, type: "groupchat", id: w.id() },
    w.el("body", {}, w.text()),
    sid(w),
    w.r.chance(0.4) && w.el("delay", { xmlns: NS.delay, from: w.room(), stamp: w.stamp() }),
    w.r.chance(0.3) && w.el("occupant-id", { xmlns: "urn:xmpp:occupant-id:0", id: w.r.base64(32) }),
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

export function mam(w) {
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

export function carbon(w) {
  return w.el(
    "message",
    { from: w.bare, to: w.me, type: "chat" },
    w.el(w.r.pick(["received", "sent"]), { xmlns: NS.carbons }, forwarded(w, innerChat(w))),
  );
}

export function chatState(w) {
  return w.el(
    "message",
    { from: w.contact(), to: w.me, type: "chat", id: w.id() },
    w.el(w.r.pick(["composing", "paused", "inactive", "gone"]), { xmlns: NS.chatstates }),
    w.el("no-store", { xmlns: NS.hints }),
  );
}

export function receipt(w) {
  return w.el(
    "message",
    { from: w.contact(), to: w.me, type: "chat", id: w.id() },
    w.el("received", { xmlns: NS.receipts, id: w.r.uuid() }),
    w.r.chance(0.5) && w.el("store", { xmlns: NS.hints }),
  );
}

export function pubsubEvent(w) {
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

export function omemo(w) {
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

export function xhtmlIm(w) {
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
