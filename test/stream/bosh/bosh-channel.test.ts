import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../virtual-clock.ts";
import { CREATE, created, follow, OPEN } from "./bosh-line.ts";
import { long } from "./scripted-http.ts";

const STREAM = "xmlns:stream='http://etherx.jabber.org/streams'";
const FEATURES = `<features xmlns='http://etherx.jabber.org/streams' ${STREAM}/>`;
const ERRORS = "urn:ietf:params:xml:ns:xmpp-streams";
const HEADER = `header {"version":"1.0"}`;
/** The stanza of the tables, as it is written, as it goes out, as it comes in, and as it is read. */
const HI = "<message><body>hi</body></message>";
const OUT = "<message xmlns='jabber:client'><body>hi</body></message>";
const BYTES = OUT.length;
const one = (id: number) => `<message xmlns='jabber:client' id='${id}'/>`;

/** Scripts, and what the channel tells. */
type Table = Record<string, readonly [script: string, ...seen: string[]]>;

const CREATION: Table = {
  "is asked for on our terms, and answered with the header and the features": [
    `open
     ${CREATE}
     S 1: <body sid='s' authid='a' from='example.org' xmpp:version='1.0'>${FEATURES}</body>`,
    `header {"id":"a","from":"example.org","version":"1.0"}`,
    FEATURES,
  ],
  "is asked for features that do not come with the first answer": [
    `open
     ${CREATE}
     S 1: <body sid='s'/>
     C 2: <body sid='s'/>
     S 2: <body>${FEATURES}</body>`,
    HEADER,
    FEATURES,
  ],
  "is not asked for more while the reader is busy": [
    `read 0
     open
     ${CREATE}
     ${created()}
     nothing`,
  ],
  "restarts its stream, and does not say its version again": [
    `${OPEN}
     read 1
     S 2: <body><success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/></body>
     nothing
     open
     read
     C 3: <body sid='s' to='example.org' xmpp:restart='true'/>
     S 3: <body>${FEATURES}</body>`,
    HEADER,
    "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>",
    HEADER,
    FEATURES,
  ],
  "that has no sid is none": [
    `open
     ${CREATE}
     S 1: <body wait='50'/>`,
    "end PROTOCOL_ERROR",
  ],
  "is refused for a host that is unknown": [
    `open
     ${CREATE}
     S 1: <body type='terminate' condition='host-unknown'/>`,
    "end STREAM_ERROR host-unknown",
  ],
  "is refused with a stream error": [
    `open
     ${CREATE}
     S 1: <body type='terminate' condition='remote-stream-error' ${STREAM}><stream:error><host-gone xmlns='${ERRORS}'/></stream:error></body>`,
    HEADER,
    `<error xmlns='http://etherx.jabber.org/streams' ${STREAM}><host-gone xmlns='${ERRORS}'/></error>`,
    "end STREAM_ERROR undefined-condition",
  ],
};

/** The first request fails, and the error with which the channel is gone. A second one is not tried. */
const REFUSALS: Record<string, string> = {
  cut: "CONNECT_FAILED retryable",
  "cut after 9: <body sid='s'/>": "CONNECT_FAILED retryable",
  "HTTP 301": "CONNECT_FAILED",
  "HTTP 400": "CONNECT_FAILED",
  "HTTP 403": "CONNECT_FAILED",
  "HTTP 404": "CONNECT_FAILED",
  "HTTP 405": "CONNECT_FAILED",
  "HTTP 408": "CONNECT_FAILED retryable",
  "HTTP 429": "CONNECT_FAILED retryable",
  "HTTP 500": "CONNECT_FAILED retryable",
  "HTTP 503": "CONNECT_FAILED retryable",
  "HTTP 204": "CONNECT_FAILED",
};

const FLOW: Table = {
  "a stanza goes beside the request that is held, and its own is held then": [
    `${OPEN}
     write ${HI}
     C 3: <body sid='s' ack='1'>${OUT}</body>
     S 2: <body/>
     nothing
     S 3: <body>${one(1)}</body>
     C 4: <body sid='s'/>`,
    HEADER,
    `taken ${BYTES}`,
    one(1),
  ],
  "the stanzas of a turn go in one request": [
    `${OPEN}
     write <a/> | <b xmlns='urn:b'/>
     C 3: <body sid='s' ack='1'><a xmlns='jabber:client'/><b xmlns='urn:b'/></body>`,
    HEADER,
  ],
  "a stanza that may be one request too many waits for an answer": [
    `${OPEN}
     write ${HI}
     C 3: <body sid='s' ack='1'>${OUT}</body>
     write <presence/>
     nothing
     S 2: <body/>
     C 4: <body sid='s' ack='2'><presence xmlns='jabber:client'/></body>`,
    HEADER,
  ],
  "answers are read in the order of the requests": [
    `${OPEN}
     write ${HI}
     C 3: <body sid='s' ack='1'>${OUT}</body>
     S 3: <body>${one(2)}</body>
     nothing
     S 2: <body>${one(1)}</body>
     C 4: <body sid='s'/>`,
    HEADER,
    one(1),
    `taken ${BYTES}`,
    one(2),
  ],
  "an acknowledgement proves a stanza before its request is answered": [
    `open
     ${CREATE}
     ${created("requests='2' polling='5' ack='1'")}
     C 2: <body sid='s'/>
     write ${HI}
     C 3: <body sid='s' ack='1'>${OUT}</body>
     S 2: <body ack='3'/>`,
    HEADER,
    `taken ${BYTES}`,
  ],
  "an acknowledgement of a server that promised none proves nothing": [
    `${OPEN}
     write ${HI}
     C 3: <body sid='s' ack='1'>${OUT}</body>
     S 2: <body ack='3'/>`,
    HEADER,
  ],
  "a stanza that is held is brought back by an empty request, once polling allows it": [
    `${OPEN}
     write ${HI}
     C 3: <body sid='s' ack='1'>${OUT}</body>
     S 2: <body/>
     wait 5000
     nothing
     wait 100
     C 4: <body sid='s' ack='2'/>
     S 3: <body/>
     nothing`,
    HEADER,
    `taken ${BYTES}`,
  ],
  "elements in no namespace of their own are stanzas": [
    `${OPEN}
     S 2: <body><message><body>hi</body><x xmlns='urn:x'/></message></body>`,
    HEADER,
    "<message xmlns='jabber:client'><body>hi</body><x xmlns='urn:x'/></message>",
  ],
  "stanzas with the prefix stream declare it": [
    `${OPEN}
     write <stream:x/>
     C 3: <body ${STREAM} sid='s' ack='1'>…`,
    HEADER,
  ],
};

const GOODBYE = "C 3: <body sid='s' ack='1' type='terminate'/>";

const ENDS: Table = {
  "our goodbye goes beside what is held, and is answered behind it": [
    `${OPEN}
     goodbye
     ${GOODBYE}
     S 2: <body type='terminate'/>
     S 3: <body type='terminate'/>
     finish`,
    HEADER,
    "end footer",
    "gone",
  ],
  "our goodbye carries what was written before, and nothing follows it": [
    `${OPEN}
     write ${HI}
     goodbye
     write <presence/>
     C 3: <body sid='s' ack='1'>${OUT}</body>
     C 4: <body sid='s' ack='1' type='terminate'/>
     S 2: <body>${one(1)}</body>
     S 3: <body type='terminate'/>
     S 4: <body/>`,
    HEADER,
    one(1),
    `taken ${BYTES}`,
    "end footer",
  ],
  "our goodbye may be one request more than the server allows, in the same request as stanzas": [
    `${OPEN}
     write ${HI}
     C 3: <body sid='s' ack='1'>${OUT}</body>
     write <presence/>
     nothing
     goodbye
     C 4: <body sid='s' ack='1' type='terminate'><presence xmlns='jabber:client'/></body>`,
    HEADER,
  ],
  "the server's goodbye to an earlier request does not take back the stanzas of ours": [
    `${OPEN}
     write ${HI} | goodbye
     C 3: <body sid='s' ack='1' type='terminate'>${OUT}</body>
     S 2: <body type='terminate'/>
     S 3: <body type='terminate'/>`,
    HEADER,
    `taken ${BYTES}`,
    "end footer",
  ],
  "our goodbye that gets no answer ends the session all the same": [
    `${OPEN}
     goodbye
     ${GOODBYE}
     S 3: HTTP 404`,
    HEADER,
    "gone",
  ],
  "a stream error of ours goes with our goodbye": [
    `${OPEN}
     error not-well-formed | goodbye
     C 3: <body ${STREAM} sid='s' ack='1' type='terminate'><stream:error ${STREAM}><not-well-formed xmlns='${ERRORS}'/></stream:error></body>`,
    HEADER,
  ],
  "a goodbye before the session is created is said once it is": [
    `open
     ${CREATE}
     finish
     nothing
     ${created()}
     C 2: <body sid='s' type='terminate'/>
     S 2: <body type='terminate'/>`,
    HEADER,
    "end footer",
    "gone",
  ],
  "the server's goodbye comes behind its last stanzas, and gets no answer": [
    `${OPEN}
     write ${HI}
     C 3: <body sid='s' ack='1'>${OUT}</body>
     S 2: <body type='terminate'>${one(1)}</body>
     finish
     wait 600000
     nothing`,
    HEADER,
    one(1),
    "end footer",
    "gone",
  ],
  "the content of a stream error may stand without it": [
    `${OPEN}
     S 2: <body type='terminate' condition='remote-stream-error'><conflict xmlns='${ERRORS}'/><text xmlns='${ERRORS}'>again</text></body>`,
    HEADER,
    `<error xmlns='http://etherx.jabber.org/streams'><conflict xmlns='${ERRORS}' ${STREAM}/><text xmlns='${ERRORS}' ${STREAM}>again</text></error>`,
    "end STREAM_ERROR undefined-condition",
  ],
  "dropping the connection gives up all requests, and sends no goodbye": [
    `${OPEN}
     write ${HI}
     C 3: <body sid='s' ack='1'>${OUT}</body>
     destroy
     wait 600000
     nothing`,
    HEADER,
    "gone",
  ],
  "dropping the connection while the session is created does the same": [
    `open
     ${CREATE}
     destroy
     nothing`,
    "gone",
  ],
  "after the reader has stopped nothing is read": [
    `${OPEN}
     stop
     S 2: <body>${one(1)}</body>
     nothing`,
    HEADER,
  ],
};

/** The conditions of a server that ends the session (XEP-0124, 17.2). */
const CONDITIONS: Record<string, string> = {
  "bad-request": "bad-request",
  "host-gone": "host-gone",
  "host-unknown": "host-unknown",
  "improper-addressing": "improper-addressing",
  "internal-server-error": "internal-server-error retryable",
  "item-not-found": "item-not-found retryable",
  "other-request": "other-request retryable",
  "policy-violation": "policy-violation",
  "remote-connection-failed": "remote-connection-failed retryable",
  "remote-stream-error": "undefined-condition",
  "system-shutdown": "system-shutdown retryable",
  "undefined-condition": "undefined-condition",
  "no-such-condition": "undefined-condition",
  toString: "undefined-condition",
};

/** Requests that the network loses, again and again. */
const LOST = [0, 500, 1000, 2000, 4000, 8000];

const REPEATS: Table = {
  "a request that was lost is sent again as it was, and a lost answer is asked for so": [
    `${OPEN}
     S 2: cut
     wait 0
     C 2: <body sid='s'/>
     S 2: cut after 30: <body>${one(1)}</body>
     wait 499
     nothing
     wait 1
     C 2: <body sid='s'/>
     S 2: <body>${one(1)}</body>
     C 3: <body sid='s'/>`,
    HEADER,
    one(1),
  ],
  "a request that is lost six times in a row ends the session": [
    `${OPEN}
     ${LOST.map((wait) => `S 2: cut\nwait ${wait}\nC 2: <body sid='s'/>`).join("\n")}
     S 2: cut
     wait 600000
     nothing`,
    HEADER,
    "gone DISCONNECTED retryable",
  ],
  "only the request that was lost is repeated, and its stanza counts once": [
    `${OPEN}
     write ${HI}
     C 3: <body sid='s' ack='1'>${OUT}</body>
     S 3: cut
     wait 0
     C 3: <body sid='s' ack='1'>${OUT}</body>
     S 3: <body/>
     nothing
     S 2: <body/>`,
    HEADER,
    `taken ${BYTES}`,
  ],
  "a proxy without a server is asked again": [
    `${OPEN}
     S 2: HTTP 502
     wait 0
     C 2: <body sid='s'/>
     S 2: HTTP 429
     wait 500
     C 2: <body sid='s'/>
     S 2: <body>${one(1)}</body>`,
    HEADER,
    one(1),
  ],
  "a server that asks for requests again gets them as they were": [
    `${OPEN}
     write ${HI}
     C 3: <body sid='s' ack='1'>${OUT}</body>
     S 3: <body type='error'/>
     wait 0
     C 2: <body sid='s'/>
     C 3: <body sid='s' ack='1'>${OUT}</body>
     S 2: <body/>
     S 3: <body>${one(1)}</body>`,
    HEADER,
    `taken ${BYTES}`,
    one(1),
  ],
  "a server that is mute is asked again once, and given up": [
    `${OPEN}
     wait 64999
     nothing
     wait 1
     C 2: <body sid='s'/>
     wait 64999
     nothing
     wait 1
     wait 600000
     nothing`,
    HEADER,
    "gone DISCONNECTED retryable",
  ],
  "a server that is mute from the start is given up": [
    `open
     ${CREATE}
     wait 64999
     wait 1
     nothing`,
    "gone CONNECT_FAILED retryable",
  ],
  "the wait that the server chooses bounds ours": [
    `open
     ${CREATE}
     S 1: <body sid='s' wait='10'/>
     C 2: <body sid='s'/>
     wait 24999
     nothing
     wait 1
     C 2: <body sid='s'/>`,
    HEADER,
  ],
};

/** An answer to the second request, and the end that it makes. */
const BAD_ANSWERS: Record<string, string> = {
  "HTTP 301": "gone DISCONNECTED retryable",
  "HTTP 400": "gone STREAM_ERROR bad-request",
  "HTTP 401": "gone DISCONNECTED retryable",
  "HTTP 403": "gone STREAM_ERROR policy-violation",
  "HTTP 404": "gone STREAM_ERROR item-not-found retryable",
  "<html><p>Log in</p></html>": "end PROTOCOL_ERROR",
  "<body xmlns='urn:other'/>": "end PROTOCOL_ERROR",
  "<!DOCTYPE html><html/>": "end RESTRICTED_XML",
  "no XML": "end NOT_WELL_FORMED",
  "<body": "end NOT_WELL_FORMED",
  "<body>": "end NOT_WELL_FORMED",
  "<body>text</body>": "end INVALID_XML",
  "<body><message></body>": "end NOT_WELL_FORMED",
  "<body><a:b/></body>": "end BAD_NAMESPACE_PREFIX",
};

const POLLING: Table = {
  "an empty request follows an empty answer that came late at once": [
    `${OPEN}
     wait 50000
     S 2: <body/>
     C 3: <body sid='s'/>`,
    HEADER,
  ],
  "an empty request that was answered at once is followed when polling allows it": [
    `${OPEN}
     S 2: <body/>
     wait 5099
     nothing
     wait 1
     C 3: <body sid='s'/>`,
    HEADER,
  ],
  "an answer with stanzas is followed at once": [
    `${OPEN}
     S 2: <body>${one(1)}</body>
     C 3: <body sid='s'/>
     S 3: <body>${one(2)}</body>
     C 4: <body sid='s'/>`,
    HEADER,
    one(1),
    one(2),
  ],
  "without polling a second passes": [
    `open
     ${CREATE}
     S 1: <body sid='s'/>
     C 2: <body sid='s'/>
     S 2: <body/>
     wait 1099
     nothing
     wait 1
     C 3: <body sid='s'/>`,
    HEADER,
  ],
  "a session of one request at a time sends the next stanza after the answer": [
    `open
     ${CREATE}
     S 1: <body sid='s' requests='1'/>
     C 2: <body sid='s'/>
     write ${HI}
     nothing
     S 2: <body/>
     C 3: <body sid='s'>${OUT}</body>
     wait 10000
     nothing
     S 3: <body/>`,
    HEADER,
    `taken ${BYTES}`,
  ],
  "while reading is paused an empty request keeps the session, twice in each time of inactivity": [
    `${OPEN}
     pause
     S 2: <body>${one(1)}</body>
     wait 29999
     nothing
     wait 1
     C 3: <body sid='s'/>
     S 3: <body/>
     wait 29999
     nothing
     resume
     C 4: <body sid='s'/>`,
    HEADER,
    one(1),
  ],
  "while nobody reads nothing is asked for beyond the bound": [
    `${OPEN}
     read 0
     S 2: <body>${" ".repeat(8 * 300)}</body>
     wait 30000
     C 3: <body sid='s'/>
     S 3: <body>${" ".repeat(8 * 300)}</body>
     wait 600000
     nothing`,
    HEADER,
  ],
  "without inactivity a paused session sends nothing": [
    `pause
     open
     ${CREATE}
     S 1: <body sid='s'/>
     nothing
     wait 600000
     nothing`,
    HEADER,
  ],
};

describe("a session", () => {
  test.each(Object.entries(CREATION))("%s", async (_, [script, ...seen]) => {
    expect((await follow(script)).seen).toEqual(seen);
  });

  test.each(Object.entries(REFUSALS))(
    "whose first request gets %s is %s",
    async (answer, error) => {
      const script = `open
      ${CREATE}
      S 1: ${answer}
      wait 60000
      nothing`;
      expect((await follow(script)).seen).toEqual([`gone ${error}`]);
    },
  );
});

describe("in a session", () => {
  test.each(Object.entries(FLOW))("%s", async (_, [script, ...seen]) => {
    expect((await follow(script)).seen).toEqual(seen);
  });
});

describe("at the end of a session", () => {
  test.each(Object.entries(ENDS))("%s", async (_, [script, ...seen]) => {
    const outcome = await follow(script);
    expect(outcome.seen).toEqual(seen);
  });

  test.each(Object.entries(CONDITIONS))("the condition %s is %s", async (condition, error) => {
    const script = `${OPEN}
      S 2: <body type='terminate' condition='${condition}'>${one(1)}</body>`;
    expect((await follow(script)).seen).toEqual([HEADER, one(1), `end STREAM_ERROR ${error}`]);
  });

  test("see-other-uri says where to go instead", async () => {
    const { channel } = await follow(`${OPEN}
      S 2: <body type='terminate' condition='see-other-uri'><uri>https://example.net/bosh</uri></body>`);
    expect(channel.ending).toMatchObject({ error: { otherHost: "https://example.net/bosh" } });
  });
});

describe("where the network fails", () => {
  test.each(Object.entries(REPEATS))("%s", async (_, [script, ...seen]) => {
    const { seen: told, clock } = await follow(script);
    expect(told).toEqual(seen);
    if (seen.at(-1)?.startsWith("gone") === true) expect(clock.timers).toBe(0);
  });

  const ANSWER = `<body><message xmlns='jabber:client' id='1'/><presence xmlns='jabber:client'/></body>`;
  const { length } = new TextEncoder().encode(long(ANSWER));

  test.each([...Array(length).keys()])("an answer cut after %i bytes is read once", async (at) => {
    const { seen } = await follow(`${OPEN}
      S 2: cut after ${at}: ${ANSWER}
      wait 0
      C 2: <body sid='s'/>
      S 2: ${ANSWER}
      C 3: <body sid='s'/>`);
    expect(seen).toEqual([HEADER, one(1), "<presence xmlns='jabber:client'/>"]);
  });
});

describe("an answer that BOSH does not have", () => {
  test.each(Object.entries(BAD_ANSWERS))("%j: %s", async (answer, end) => {
    const { seen } = await follow(`${OPEN}
      S 2: ${answer}`);
    expect(seen).toEqual([HEADER, end]);
  });

  test("may have 16 stanzas of the largest size, and no byte more", async () => {
    const script = (spaces: number) => `${OPEN}
      S 2: <body>${" ".repeat(spaces)}</body>`;
    const most = 16 * 300 - long("<body></body>").length;
    expect((await follow(script(most), { bytes: 300 })).seen).toEqual([HEADER]);
    expect((await follow(script(most + 1), { bytes: 300 })).seen).toEqual([
      HEADER,
      "gone POLICY_VIOLATION retryable",
    ]);
  });

  test("may have no stanza above the limit", async () => {
    const { seen } = await follow(
      `${OPEN}
       S 2: <body>${one(1)}<message>${"x".repeat(300)}</message></body>`,
      { bytes: 300 },
    );
    expect(seen).toEqual([HEADER, one(1), "end POLICY_VIOLATION"]);
  });
});

describe("an empty request", () => {
  test.each(Object.entries(POLLING))("%s", async (name, [script, ...seen]) => {
    const bytes = name.includes("bound") ? 300 : undefined;
    expect((await follow(script, bytes === undefined ? {} : { bytes })).seen).toEqual(seen);
  });
});

test("a timer that rings a moment early loses no empty request", async () => {
  /** A clock whose timers count in whole milliseconds, as those of runtimes do. */
  class Early extends VirtualClock {
    override after(milliseconds: number, action: () => void): () => void {
      return super.after(milliseconds > 1 ? milliseconds - 0.5 : milliseconds, action);
    }
  }
  const { seen } = await follow(
    `${OPEN}
     write ${HI}
     C 3: <body sid='s' ack='1'>${OUT}</body>
     S 2: <body/>
     wait 5101
     C 4: <body sid='s' ack='2'/>`,
    { clock: new Early() },
  );
  expect(seen).toEqual([HEADER]);
});

test("a body has 65,536 bytes of stanzas at most, and a larger stanza goes alone", async () => {
  const large = `<m>${"x".repeat(65_500)}</m>`;
  const child = large.replace("<m", "<m xmlns='jabber:client'");
  const { seen } = await follow(`${OPEN}
    write <a/> | ${large} | <b/> | <c/>
    C 3: <body sid='s' ack='1'><a xmlns='jabber:client'/></body>
    nothing
    S 2: <body/>
    C 4: <body sid='s' ack='2'>${child}</body>
    nothing
    S 3: <body/>
    C 5: <body sid='s' ack='3'><b xmlns='jabber:client'/><c xmlns='jabber:client'/></body>`);
  expect(seen).toEqual([HEADER, "taken 26"]);
});

test("a session ends before its rid is too large", async () => {
  const rid = Number.MAX_SAFE_INTEGER;
  const script = `open
    ${CREATE.replace("1:", `${rid}:`)}
    ${created().replace("1:", `${rid}:`)}
    nothing`;
  expect((await follow(script, { rid })).seen).toEqual([HEADER, "gone DISCONNECTED retryable"]);
});
