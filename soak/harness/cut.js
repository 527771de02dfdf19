/** The modes of `CuttingRelay`. */
export const MODES = ["reset", "fin", "black-hole", "black-hole-up", "black-hole-down", "stall"];

/** The moments of a login that can be seen on the wire of each dialect in clear. */
const LOGINS = {
  xmpp: ["sasl", "bind"],
  jabberd2: ["sasl", "bind"],
  legacy: ["sasl"],
  component: ["sasl"],
};

/** The same of a session that is resumed: nothing is bound. */
export const LOGINS_AGAIN = ["sasl", "resume", "replay"];

/** The parts of XML to cut inside. */
export const PARTS = ["tag", "text", "end-tag"];

/** A dead link is left soon. A living one that is taken for dead is one more cut. */
export const keepAlive = { interval: 150, timeout: 250 };

/** How long each part of a login may take in which the server is not heard. */
export const PATIENCE = { tls: 1_000, stream: 1_000, auth: 1_000, bind: 1_000 };

/**
 * How and where to cut: anywhere in the next bytes, or during a login; in clear also inside a part of XML.
 *
 * @param {import("./random.js").Random} random
 * @param {import("./places.js").Place} place
 */
export function chooseCut(random, { dialect, tls, logins = LOGINS[dialect] }) {
  const within = { within: 1 + random.below(20_000) };
  const parts = tls ? [within] : PARTS;
  const login = random.of(tls ? ["tls"] : logins);
  return { mode: random.of(MODES), at: random.of([within, within, within, ...parts, login]) };
}

/** A cut for ever: not in a login, and not a stall, which ends. */
export function chooseLastCut(random, place) {
  for (;;) {
    const cut = chooseCut(random, place);
    if (cut.mode !== "stall" && !isLogin(cut.at)) return cut;
  }
}

/** A moment of a login comes only with the next login. */
export const isLogin = (at) => typeof at === "string" && !PARTS.includes(at);
