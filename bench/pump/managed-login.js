/** The server of a client with XEP-0198, reduced to text: it lets everyone in, counts stanzas, and answers questions. */

const SM = "urn:xmpp:sm:3";

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' " +
  "xmlns:stream='http://etherx.jabber.org/streams' id='s1' version='1.0' from='example.net'>";

/** The steps of the login: the words of the client, and the answer. */
const STEPS = [
  [
    /<stream:stream[^>]*>$/,
    `${HEADER}<stream:features><mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>` +
      "<mechanism>ANONYMOUS</mechanism></mechanisms></stream:features>",
  ],
  [/<auth[^>]*(?:\/>|<\/auth>)$/, "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>"],
  [
    /<stream:stream[^>]*>$/,
    `${HEADER}<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='${SM}'/></stream:features>`,
  ],
  [
    /<iq[^>]* id='([^']+)'[^>]*>.*<\/iq>$/,
    "<iq type='result' id='$1'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>" +
      "<jid>bot@example.net/bench</jid></bind></iq>",
  ],
];

export class ManagedLogin {
  #step = 0;
  #rest = "";
  #handled = 0;

  /** Takes the text of the login so far. Returns the answer, and nothing while the text is incomplete. */
  greet(text) {
    const [whole, answer] = STEPS[this.#step];
    const found = whole.exec(text);
    if (found === null) return undefined;
    this.#step++;
    return answer.replace("$1", found[1]);
  }

  /** True after the login. */
  get isIn() {
    return this.#step === STEPS.length;
  }

  /** Counts the stanzas of a chunk. Returns the acknowledgement, if the client has asked for it. */
  read(chunk) {
    const text = this.#rest + chunk;
    const end = text.lastIndexOf(">") + 1;
    this.#rest = text.slice(end);
    const whole = text.slice(0, end);
    const asked = whole.lastIndexOf("<r ");
    this.#handled += countIn(whole.slice(0, asked < 0 ? end : asked));
    const answer = asked < 0 ? "" : `<a xmlns='${SM}' h='${this.#handled}'/>`;
    if (asked >= 0) this.#handled += countIn(whole.slice(asked));
    if (!whole.includes("<enable ")) return answer;
    this.#handled = 0;
    return `<enabled xmlns='${SM}' resume='true' id='s1'/>`;
  }
}

const countIn = (text) => text.split(/<(?:message|iq|presence)[ />]/).length - 1;
