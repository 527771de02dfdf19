/** The presences of a busy connection. kinds.js says how they are written. */
import { NS } from "./namespaces.js";

export function presence(w) {
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

export function mucPresence(w) {
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
