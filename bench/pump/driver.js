import { createHash } from "node:crypto";
import { LAST, POUR, SEEN } from "./names.js";

/**
 * Makes a contender of a component library.
 *
 * @param {{ connect: (to: { port: number, ca?: string, filters?: string[] },
 *   onStanza: (stanza: any) => void) => Promise<Link>,
 *   facts: (stanza: any) => { name: string, type?: string, id?: string } }} library
 *
 * @typedef {{ control: (id: string) => unknown, chat: (n: number) => unknown,
 *   awaits?: boolean }} Link `control` sends a message with that id, `chat` builds and sends a chat
 *   message; `awaits`: each is awaited before the next
 */
export function pumpContender({ connect, facts }) {
  /** @type {Link} */
  let link;
  let counted = 0;
  let wanted = Number.POSITIVE_INFINITY;
  let reached = () => {};
  let look = count;

  function count() {
    if (++counted === wanted) reached();
  }

  async function prepare(to) {
    link = await connect(to, (stanza) => look(stanza));
  }

  /** The corpus comes `times` times; done when the handler has seen all of it. */
  function pumpIn({ times, stanzas }) {
    look = count;
    counted = 0;
    wanted = times * stanzas;
    return new Promise((resolve) => {
      reached = () => resolve({ units: times * stanzas });
      link.control(`${POUR}${times}`);
    });
  }

  /** `messages` are built and sent; done when the other end has read the last. */
  async function pumpOut({ messages }) {
    const seen = new Promise((resolve) => {
      look = (stanza) => {
        if (facts(stanza).id === SEEN) resolve();
      };
    });
    for (let n = 0; n < messages; n++) {
      const sent = link.chat(n);
      if (link.awaits) await sent;
      // Programs do not send twenty thousand messages in one turn of the event loop.
      else if (n % 1000 === 999) await new Promise((resolve) => setImmediate(resolve));
    }
    link.control(LAST);
    await seen;
    return { units: messages };
  }

  function pass(task) {
    return task.out ? pumpOut(task) : pumpIn(task);
  }

  /** The stanzas that the handler sees of one pouring, in order. */
  function check({ stanzas }) {
    const hash = createHash("sha256");
    counted = 0;
    wanted = stanzas;
    return new Promise((resolve) => {
      reached = () => resolve({ stanzas, digest: hash.digest("hex") });
      look = (stanza) => {
        const { name, type = "", id = "" } = facts(stanza);
        hash.update(`${name} ${type} ${id}\n`);
        count();
      };
      link.control(`${POUR}1`);
    });
  }

  return { prepare, pass, check };
}

/** The chat message of the outbound pump. */
export const message = (n) => ({
  to: `romeo${n % 500}@example.net/orchard`,
  id: `m-${n}`,
  body: `Neither, fair saint, if either thee dislike, said he for the ${n}th time`,
});

export const CHATSTATES = "http://jabber.org/protocol/chatstates";

/** The `Link` of a library whose `xml` makes elements as ours does. */
export const linkOf = (xml, send) => ({
  control: (id) => send(xml("message", { to: "x.example.net", id })),
  chat(n) {
    const { to, id, body } = message(n);
    return send(
      xml(
        "message",
        { to, id, type: "chat" },
        xml("body", {}, body),
        xml("active", { xmlns: CHATSTATES }),
      ),
    );
  },
});

/** The facts of an element of such a library. */
export const factsOf = ({ name, attrs: { type, id } }) => ({ name, type, id });
