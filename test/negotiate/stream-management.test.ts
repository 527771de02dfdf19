import { describe, expect, test } from "vitest";
import type { Dialect } from "../../src/dialect/dialect.ts";
import type { Login, LoginResult, Previous } from "../../src/negotiate/login.ts";
import { open } from "../../src/negotiate/open.ts";
import { enable, offersManagement, resume } from "../../src/negotiate/stream-management.ts";
import { type Element, parse } from "../../src/xml.ts";
import {
  type Attempt,
  attempt,
  attemptAtMute,
  expectTheSameAtEveryCut,
} from "../dialect/attempt.ts";

const SM = "urn:xmpp:sm:3";
const JID = "user@example.org/balcony";
const ERRORS = "urn:ietf:params:xml:ns:xmpp-stanzas";

const OPENING = `
  C: <stream:stream …>
  S: <stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' id='1' version='1.0'>
  S: <stream:features><sm xmlns='${SM}'/></stream:features>`;

/** A dialect that only opens the stream and then does as it is told. */
const dialect = (negotiate: (login: Login) => Promise<LoginResult>): Dialect => ({
  name: "managed",
  domain: "example.org",
  contentNamespace: "jabber:client",
  version: "1.0",
  ports: { plain: 5222 },
  tls: "plaintext",
  async negotiate(login) {
    await open(login);
    return negotiate(login);
  },
});

/** An attempt, with the facts that its login has learnt and how the elements that it put aside count. */
interface Facts {
  readonly made: Attempt;
  /** The facts of the login, or the code that it ended with. */
  readonly facts: unknown;
  /** The ids of the stanzas that reached the program. */
  readonly delivered: readonly (string | undefined)[];
  readonly steps: readonly string[];
  /** The elements that were put aside, and where the count begins. */
  readonly aside: readonly string[];
}

/** Notes in a list what a login puts aside, and when stanzas begin to count. */
function watch(login: Login, aside: string[]): void {
  const defer = login.defer.bind(login);
  const counted = login.counted.bind(login);
  Object.assign(login, {
    defer(element: Element) {
      aside.push(element.attrs.id ?? element.name);
      defer(element);
    },
    counted() {
      aside.push("counted");
      counted();
    },
  });
}

async function facts(
  negotiate: (login: Login) => Promise<LoginResult>,
  script: string,
  run: typeof attempt | "mute" = attempt,
): Promise<Facts> {
  let told: unknown;
  const steps: string[] = [];
  const aside: string[] = [];
  const delivered: (string | undefined)[] = [];
  const one = dialect(async (login) => {
    watch(login, aside);
    const result = await negotiate(login);
    const { resumed, management } = result;
    told = resumed === undefined ? management : { resumed, ...management };
    return result;
  });
  const made =
    run === "mute"
      ? await attemptAtMute(one, OPENING + script, "TIMEOUT_BIND")
      : await run(one, OPENING + script, {}, (broker) => {
          broker.on("phase", ({ to }) => {
            if (to.name === "negotiating") steps.push(to.step);
          });
          broker.filter("/message", ({ stanza }) => delivered.push(stanza.attrs.id));
        });
  return { made, facts: made.error?.code ?? told, delivered, steps, aside };
}

test.each([
  [`<features><sm xmlns='${SM}'/></features>`, true],
  [`<features><sm xmlns='${SM}'><optional/></sm></features>`, true],
  ["<features><sm xmlns='urn:xmpp:sm:2'/></features>", false],
  ["<features><sm/></features>", false],
  ["<features/>", false],
])("%s offers stream management: %s", (features, offers) => {
  expect(offersManagement(parse(features))).toBe(offers);
});

describe("enabling", () => {
  const enabling =
    (asks = true) =>
    async (login: Login): Promise<LoginResult> => ({
      jid: JID,
      management: await enable(login, { resume: asks }),
    });
  const ASK = `
    C: <enable xmlns='${SM}' resume='true'/>`;

  test.each<[string, facts: unknown]>([
    [`<enabled xmlns='${SM}' resume='true' id='s-1' max='600'/>`, { id: "s-1", max: 600 }],
    [`<enabled xmlns='${SM}' resume='1' id='s-1'/>`, { id: "s-1" }],
    [
      `<enabled xmlns='${SM}' resume='true' id='s-1' max='5' location='[2001:db8::1]:5222'/>`,
      { id: "s-1", max: 5, location: "[2001:db8::1]:5222" },
    ],
    // Ill-formed attributes count as missing.
    [`<enabled xmlns='${SM}' resume='true' id='s-1' max='soon'/>`, { id: "s-1" }],
    [`<enabled xmlns='${SM}' resume='true' id='s-1' max='-1'/>`, { id: "s-1" }],
    [`<enabled xmlns='${SM}' resume='true' id='s-1' max='0'/>`, { id: "s-1" }],
    [`<enabled xmlns='${SM}' resume='true' id='s-1' max='' location=''/>`, { id: "s-1" }],
    // Stanzas count, but nothing can be resumed.
    [`<enabled xmlns='${SM}'/>`, {}],
    [`<enabled xmlns='${SM}' id='s-1' max='600'/>`, {}],
    [`<enabled xmlns='${SM}' resume='false' id='s-1'/>`, {}],
    [`<enabled xmlns='${SM}' resume='TRUE' id='s-1'/>`, {}],
    [`<enabled xmlns='${SM}' resume='true' max='600'/>`, {}],
    [`<enabled xmlns='${SM}' resume='true' id=''/>`, {}],
    // Refused: the stream goes on without.
    [`<failed xmlns='${SM}'/>`, undefined],
    [`<failed xmlns='${SM}' h='3'><internal-server-error xmlns='${ERRORS}'/></failed>`, undefined],
    // Out of place.
    [`<resumed xmlns='${SM}' previd='s-1' h='1'/>`, "PROTOCOL_ERROR"],
    [`<enable xmlns='${SM}'/>`, "PROTOCOL_ERROR"],
    ["<enabled xmlns='urn:xmpp:sm:2' id='s-1'/>", "PROTOCOL_ERROR"],
    ["<enabled/>", "PROTOCOL_ERROR"],
    ["</stream:stream>", "DISCONNECTED"],
    [
      "<stream:error><policy-violation xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>",
      "STREAM_ERROR",
    ],
  ])("%s gives %j", async (answer, wanted) => {
    const { made, facts: told, steps } = await facts(enabling(), `${ASK}\n S: ${answer}`);
    expect(told).toEqual(wanted);
    expect(steps).toEqual(["stream", "enable"]);
    expect(made.ready?.jid).toBe(typeof wanted === "string" ? undefined : JID);
    expect(made.events.filter((event) => event.includes("enable"))).toEqual([]);
    made.broker.halt();
  });

  test("without a wish to resume, no id is asked for nor taken", async () => {
    const { made, facts: told } = await facts(
      enabling(false),
      `
      C: <enable xmlns='${SM}'/>
      S: <enabled xmlns='${SM}' resume='true' id='s-1' max='600'/>`,
    );
    expect(told).toEqual({});
    made.broker.halt();
  });

  test("a mute server ends it by the deadline of the step", async () => {
    expect((await facts(enabling(), ASK, "mute")).facts).toBe("TIMEOUT_BIND");
  });

  test("stanzas, <r/>, <a/> and repeated features may come between", async () => {
    const {
      made,
      facts: told,
      delivered,
      aside,
    } = await facts(
      enabling(),
      `${ASK}
      S: <message id='before'/><r xmlns='${SM}'/><a xmlns='${SM}' h='0'/><stream:features/>
      S: <enabled xmlns='${SM}' resume='true' id='s-1'/><message id='after'/>`,
    );
    expect(told).toEqual({ id: "s-1" });
    await expect.poll(() => delivered).toEqual(["before", "after"]);
    expect(aside).toEqual(["before", "r", "a", "counted"]);
    made.broker.halt();
  });

  test("is the same however the answer is cut", async () => {
    await expectTheSameAtEveryCut((cut) =>
      attempt(
        dialect(enabling()),
        `${OPENING}${ASK}
        S: <message id='before'/><enabled xmlns='${SM}' resume='true' id='s-1' max='600'/>`,
        { cut },
      ),
    );
  });
});

describe("resuming", () => {
  const PREVIOUS: Previous = { id: "s-1", h: 7, jid: JID, max: 600, location: "far.example" };
  const resuming =
    (previous = PREVIOUS) =>
    async (login: Login): Promise<LoginResult> => ({
      jid: JID,
      ...(await resume(login, previous)),
    });
  const ASK = `
    C: <resume xmlns='${SM}' previd='s-1' h='7'/>`;
  const kept = { resumed: true, id: "s-1", max: 600, location: "far.example" };
  const gone = { resumed: false };
  /** The ping that asks whether the server reads on, and its answer. */
  const PROBE = `
    C: <iq …type='get' id='{probe}' to='example.org'><ping xmlns='urn:xmpp:ping'/></iq>
    S: <iq type='result' id='{probe}' from='example.org'/>`;

  test.each<[string, facts: unknown]>([
    [`<resumed xmlns='${SM}' previd='s-1' h='12'/>${PROBE}`, kept],
    [`<resumed xmlns='${SM}' previd='s-1' h='0'/>${PROBE}`, kept],
    [`<resumed xmlns='${SM}' previd='s-1' h='4294967295'/>${PROBE}`, kept],
    [`<resumed xmlns='${SM}' previd='s-1' h='1'/>${PROBE.replace("result", "error")}`, kept],
    // The session is gone, the stream is not.
    [`<failed xmlns='${SM}'/>`, gone],
    [`<failed xmlns='${SM}'><item-not-found xmlns='${ERRORS}'/></failed>`, gone],
    [`<failed xmlns='${SM}' h='9'><item-not-found xmlns='${ERRORS}'/></failed>`, { ...gone, h: 9 }],
    [`<failed xmlns='${SM}' h='9'/>`, { ...gone, h: 9 }],
    [`<failed xmlns='${SM}' h='many'/>`, gone],
    [`<failed xmlns='${SM}' h='4294967296'/>`, gone],
    [`<failed xmlns='${SM}'><unexpected-request xmlns='${ERRORS}'/></failed>`, gone],
    // It cannot be told what goes on.
    [`<resumed xmlns='${SM}' previd='s-2' h='12'/>`, "PROTOCOL_ERROR"],
    [`<resumed xmlns='${SM}' h='12'/>`, "PROTOCOL_ERROR"],
    [`<resumed xmlns='${SM}' previd='s-1'/>`, "PROTOCOL_ERROR"],
    [`<resumed xmlns='${SM}' previd='s-1' h=''/>`, "PROTOCOL_ERROR"],
    [`<resumed xmlns='${SM}' previd='s-1' h='-1'/>`, "PROTOCOL_ERROR"],
    [`<resumed xmlns='${SM}' previd='s-1' h='4294967296'/>`, "PROTOCOL_ERROR"],
    [`<enabled xmlns='${SM}' resume='true' id='s-1'/>`, "PROTOCOL_ERROR"],
    ["<resumed previd='s-1' h='12'/>", "PROTOCOL_ERROR"],
    ["</stream:stream>", "DISCONNECTED"],
    ["(end)", "DISCONNECTED"],
    ["(cut)", "DISCONNECTED"],
  ])("%s gives %j", async (answer, wanted) => {
    const { made, facts: told, steps } = await facts(resuming(), `${ASK}\n S: ${answer}`);
    expect(told).toEqual(wanted);
    expect(steps).toEqual(["stream", "resume"]);
    made.broker.halt();
  });

  test("a mute server ends it by the deadline of the step", async () => {
    expect((await facts(resuming(), ASK, "mute")).facts).toBe("TIMEOUT_BIND");
  });

  test("a counter beyond 2^32 is told modulo 2^32", async () => {
    const { made, facts: told } = await facts(
      resuming({ ...PREVIOUS, h: 2 ** 32 + 3 }),
      `
      C: <resume xmlns='${SM}' previd='s-1' h='3'/>
      S: <resumed xmlns='${SM}' previd='s-1' h='12'/>${PROBE}`,
    );
    expect(told).toEqual(kept);
    made.broker.halt();
  });

  test("stanzas that come before and behind the answer are delivered in order", async () => {
    const {
      made,
      facts: told,
      delivered,
      aside,
    } = await facts(
      resuming(),
      `${ASK}
      S: <message id='before'/><r xmlns='${SM}'/>
      S: <resumed xmlns='${SM}' previd='s-1' h='12'/><message id='replayed'/><r xmlns='${SM}'/>
      ${PROBE}`,
    );
    expect(told).toEqual(kept);
    await expect.poll(() => delivered).toEqual(["before", "replayed"]);
    expect(aside).toEqual(["before", "r", "counted", "replayed", "r"]);
    made.broker.halt();
  });

  test("a refused one leaves a stream that can enable a new session", async () => {
    const {
      made,
      facts: told,
      steps,
      aside,
    } = await facts(
      async (login) => {
        const { management, resumed } = await resume(login, PREVIOUS);
        return {
          jid: JID,
          resumed,
          management: { ...(await enable(login, { resume: true })), ...management },
        };
      },
      `${ASK}
      S: <failed xmlns='${SM}' h='9'><item-not-found xmlns='${ERRORS}'/></failed>
      C: <enable xmlns='${SM}' resume='true'/>
      S: <enabled xmlns='${SM}' resume='true' id='s-2' max='60'/>`,
    );
    expect(told).toEqual({ resumed: false, id: "s-2", max: 60, h: 9 });
    expect(steps).toEqual(["stream", "resume", "enable"]);
    expect(aside).toEqual(["counted"]);
    made.broker.halt();
  });

  test("is the same however the answer is cut", async () => {
    await expectTheSameAtEveryCut((cut) =>
      attempt(
        dialect(resuming()),
        `${OPENING}${ASK}
        S: <message id='before'/><resumed xmlns='${SM}' previd='s-1' h='12'/>${PROBE}`,
        { cut },
      ),
    );
  });
});
