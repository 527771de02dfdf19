import { expect, test } from "vitest";
import { xml } from "../../src/xml/element.ts";
import { a, heard, outline, R } from "../session/acks/managed-line.ts";
import { message, outcome } from "../session/acks/proof-line.ts";
import { settled } from "../virtual-clock.ts";
import {
  ask,
  CUT,
  FRESH,
  failed,
  JID,
  managedOutage,
  PING,
  PROBE,
  resumed,
  SM,
} from "./managed-outage.ts";
import { AWAY, first, type Link, states, written } from "./resumption.ts";

/** The server says this on the first link, before that ends. */
type Told = string;
/** The later links, in order. */
type Links = readonly Link[];
/** The way in which the last link begins, and the states of `a`, `b` and `c` then. */
type Outcome = "resumed" | "fresh";
type States = string;
/** The stanzas that are written on the last link, in order: `q` is a request, `r` asks for an `<a/>`. */
type Again = string;

/** The connection ends once the replay has left. */
const REPLAY_CUT = `
  C: …<r xmlns='${SM}'/>${CUT}`;
const notFound = (h = ""): string => `
  S: <failed xmlns='${SM}'${h}><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>${FRESH}`;
const says = (text: string): string => `
  S: ${text}`;
const streamError = (condition: string): string =>
  says(
    `<stream:error><${condition} xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>`,
  );
const other = says(`<resumed xmlns='${SM}' previd='other' h='1'/>`);
const odd = (attributes: string): string =>
  says(`<resumed xmlns='${SM}' previd='s-1'${attributes}/>`);

/** The server ends the connection instead of an answer. */
const END = ask(0) + says("(end)");

const ALL = "written written written";
const NONE = "unknown unknown unknown";

// `a`, `b`, `c` and the request `q` are written on the first link: `h` counts them 1, 2, 3 and 4. The probe of the
// login counts, too, on the link where it is asked.
// biome-ignore format: it is a table
const BRANCHES: readonly [branch: string, Told, Links, Outcome, States, Again][] = [
  // Accepted.
  ["accepted, and nothing was handled",             "", [ask(0) + resumed(0) + PROBE], "resumed", ALL, "a b c q r"],
  ["accepted, and some were handled",               "", [ask(0) + resumed(2) + PROBE], "resumed", "acked acked written", "c q r"],
  ["accepted, and all were handled",                "", [ask(0) + resumed(4) + PROBE], "resumed", "acked acked acked", "r"],
  ["accepted, with an h that was told before",      a(1), [ask(0) + resumed(1) + PROBE], "resumed", "acked written written", "b c q r"],
  // Refused.
  ["failed without h",                              "", [ask(0) + failed()], "fresh", NONE, ""],
  ["failed with h",                                 "", [ask(0) + failed(2)], "fresh", "acked acked unknown", ""],
  ["failed with h, of which some were acked before", a(1), [ask(0) + failed(3)], "fresh", "acked acked acked", ""],
  ["item-not-found",                                "", [ask(0) + notFound()], "fresh", NONE, ""],
  ["item-not-found with h",                         "", [ask(0) + notFound(" h='2'")], "fresh", "acked acked unknown", ""],
  ["failed with an h that is too high",             "", [ask(0) + failed(9)], "fresh", NONE, ""],
  ["failed with an h that goes back",               a(2), [ask(0) + failed(1)], "fresh", "acked acked unknown", ""],
  ["failed with an h that is no number",            "", [ask(0) + notFound(" h='two'")], "fresh", NONE, ""],
  ["a stream error",                                "", [ask(0) + streamError("undefined-condition"), FRESH], "fresh", NONE, ""],
  ["a bare end, four times",                        "", [END, END, END, END, FRESH], "fresh", NONE, ""],
  ["a bare end, three times",                       "", [END, END, END, ask(0) + resumed(1) + PROBE], "resumed", "acked written written", "b c q r"],
  // Accepted, and it cannot be true: the session is left.
  ["another previd",                                "", [ask(0) + other + PROBE, FRESH], "fresh", NONE, ""],
  ["resumed without previd",                        "", [ask(0) + says(`<resumed xmlns='${SM}' h='1'/>`) + PROBE, FRESH], "fresh", NONE, ""],
  ["resumed with an h that is too high",            "", [ask(0) + resumed(5) + PROBE, FRESH], "fresh", NONE, ""],
  ["resumed with an h that goes back",              a(2), [ask(0) + resumed(1) + PROBE, FRESH], "fresh", "acked acked unknown", ""],
  ["resumed without h",                             "", [ask(0) + odd("") + PROBE, FRESH], "fresh", NONE, ""],
  ["resumed with an h that is no number",           "", [ask(0) + odd(" h='-1'") + PROBE, FRESH], "fresh", NONE, ""],
  // Silence.
  ["mute after <resume/>",                          "", [ask(0), FRESH], "fresh", NONE, ""],
  ["mute after <resumed/>, as Prosody inside a text", "", [ask(0) + resumed(1) + PING, FRESH], "fresh", "acked unknown unknown", ""],
  ["not well-formed after <resumed/>, as Prosody inside a tag", "", [ask(0) + resumed(1) + PING + streamError("not-well-formed"), FRESH], "fresh", "acked unknown unknown", ""],
  // Second cuts: the next h decides.
  ["cut after <resume/>",                           "", [ask(0) + CUT, ask(0) + resumed(1) + PROBE], "resumed", "acked written written", "b c q r"],
  ["cut after <resumed/>",                          "", [ask(0) + resumed(1) + CUT, ask(0) + resumed(1) + PROBE], "resumed", "acked written written", "b c q r"],
  ["cut while probing",                             "", [ask(0) + resumed(1) + PING + CUT, ask(0) + resumed(1) + PROBE], "resumed", "acked written written", "b c q r"],
  ["cut while probing, and the probe was handled",  "", [ask(0) + resumed(1) + PING + CUT, ask(0) + resumed(2) + PROBE], "resumed", "acked written written", "b c q r"],
  ["cut behind the answer to the probe",            "", [ask(0) + resumed(1) + PROBE + CUT, ask(0) + resumed(2) + PROBE], "resumed", "acked written written", "b c q r"],
  ["cut in the replay, of which nothing arrived",   "", [ask(0) + resumed(1) + PROBE + REPLAY_CUT, ask(1) + resumed(2) + PROBE], "resumed", "acked written written", "b c q r"],
  ["cut in the replay, of which some arrived",      "", [ask(0) + resumed(1) + PROBE + REPLAY_CUT, ask(1) + resumed(3) + PROBE], "resumed", "acked acked written", "c q r"],
  ["cut in the replay, of which all arrived",       "", [ask(0) + resumed(1) + PROBE + REPLAY_CUT, ask(1) + resumed(5) + PROBE], "resumed", "acked acked acked", "r"],
  ["cut in the replay, and then refused with h",    "", [ask(0) + resumed(1) + PROBE + REPLAY_CUT, ask(1) + failed(3)], "fresh", "acked acked unknown", ""],
  // Third cuts.
  ["cut while probing, in the replay, and after <resume/>", "",
    [ask(0) + resumed(1) + PING + CUT, ask(0) + resumed(2) + PROBE + REPLAY_CUT, ask(1) + CUT, ask(1) + resumed(4) + PROBE],
    "resumed", "acked acked written", "c q r"],
  ["cut in the replay, three times",                "",
    [ask(0) + resumed(0) + PROBE + REPLAY_CUT, ask(1) + resumed(2) + PROBE + REPLAY_CUT, ask(2) + resumed(4) + PROBE + REPLAY_CUT, ask(3) + resumed(5) + PROBE],
    "resumed", "acked acked written", "c q r"],
  ["cut while probing, twice",                      "",
    [ask(0) + resumed(1) + PING + CUT, ask(0) + resumed(3) + PING + CUT, ask(0) + resumed(3) + PROBE],
    "resumed", "acked acked written", "c q r"],
  ["cut while probing, four times",                 "",
    [ask(0) + resumed(1) + PING + CUT, ...Array<Link>(3).fill(ask(0) + resumed(3) + PING + CUT), FRESH],
    "fresh", "acked acked unknown", ""],
  // The server was away.
  ["the window passed, and it still knows h",       "", [...Array<Link>(8).fill(AWAY), ask(0) + notFound(" h='1'")], "fresh", "acked unknown unknown", ""],
  ["the server was restarted in order, like Prosody", streamError("system-shutdown").replace(/^\s*S: /, ""),
    [AWAY, AWAY, ask(0) + notFound(" h='3'")], "fresh", "acked acked acked", ""],
  ["the server was restarted in order, like ejabberd", streamError("system-shutdown").replace(/^\s*S: /, ""),
    [AWAY, AWAY, ask(0) + notFound()], "fresh", NONE, ""],
  ["the server was killed",                         "", [AWAY, AWAY, ask(0) + notFound()], "fresh", NONE, ""],
];

test.each(BRANCHES)("%s", async (_, told, links, wanted, expected, again) => {
  const made = await first(links);
  const { broker, clock, ready, servers, targets } = made;
  const deliveries = ["a", "b", "c"].map((id) => broker.send(message(id)));
  const request = outcome(
    broker.request(xml("iq", { type: "get", id: "q", to: "example.org" }), { timeout: 600_000 }),
  );
  await settled();
  if (told !== "") made.server.say(told);
  await settled();
  made.server.cut();
  const isThere = () => targets.length > links.length && broker.phase.name === "ready";
  for (let seconds = 0; seconds < 300 && !isThere(); seconds++) await clock.pass(1000);
  await settled();
  expect([ready.at(-1), states(deliveries).join(" ")]).toEqual([wanted, expected]);
  expect(targets.length).toBe(links.length + 1);
  const last = servers.at(-1) ?? made.server;
  expect(written(await heard(last))).toBe(again);
  // A request lives as long as its session does.
  if (wanted === "resumed") expect(request.now).toBe("pending");
  else {
    expect(request.now).toMatch(/^(?:DISCONNECTED|PROTOCOL_ERROR|STREAM_ERROR|TIMEOUT_BIND)$/);
    // A verdict is final, and nothing of it is sent again.
    await clock.pass(60_000);
    expect(states(deliveries).join(" ")).toBe(expected);
  }
  broker.halt();
  expect(clock.timers).toBe(0);
});

const LAST = 2 ** 32 - 1;
const text = (id: string): string => `<message id='${id}' to='juliet@example.net'/>`;

// The server had acknowledged 2^32 - 2 stanzas of ours, and we had handled 2^32 - 1 of its.
// biome-ignore format: it is a table
test.each<[string, links: readonly string[], Outcome, string]>([
  ["nothing was handled",          [ask(LAST) + resumed(LAST - 1) + PROBE], "resumed", "a b c r"],
  ["one was handled, up to the end", [ask(LAST) + resumed(LAST) + PROBE], "resumed", "b c r"],
  ["two were handled, over the end", [ask(LAST) + resumed(0) + PROBE], "resumed", "c r"],
  ["all were handled, over the end", [ask(LAST) + resumed(1) + PROBE], "resumed", "r"],
  ["an h that is too high",        [ask(LAST) + resumed(2) + PROBE, FRESH], "fresh", ""],
  ["an h that goes back",          [ask(LAST) + resumed(LAST - 2) + PROBE, FRESH], "fresh", ""],
  ["refused with h, over the end", [ask(LAST) + failed(0)], "fresh", ""],
])("counters at 2^32: %s", async (_, links, wanted, again) => {
  const session = {
    ...{ version: 1, account: "me@example.org", jid: JID, id: "s-1", max: 60 },
    ...{ detachedAt: Date.UTC(2026, 0, 1), h: LAST, acked: LAST - 1 },
    unacked: ["a", "b", "c"].map((id) => ({ text: text(id) })),
  } as const;
  const made = managedOutage(links, { session });
  const { broker, clock, servers } = made;
  const told: string[] = [];
  broker.on("delivery", ({ delivery, stanza }) => {
    told.push(`${stanza.attrs.id ?? ""} ${delivery.state}`);
  });
  const ready = broker.connect();
  for (let seconds = 0; seconds < 60 && broker.phase.name !== "ready"; seconds++) {
    await clock.pass(1000);
  }
  expect((await ready).resumed).toBe(wanted === "resumed");
  expect(made.targets.length).toBe(links.length);
  const last = servers.at(-1);
  if (last === undefined) throw new TypeError("nothing has connected");
  expect(written(await heard(last))).toBe(again);
  if (wanted === "fresh") {
    const handled = links[0]?.includes("<failed") === true ? "acked" : "unknown";
    expect(told).toEqual([`a ${handled}`, `b ${handled}`, "c unknown"]);
  } else {
    // The probe counts in both directions: with it, the server's number begins again at 0.
    last.say(R);
    expect(outline(await heard(last))).toBe("a0");
    last.say(a(2));
    await settled();
    expect(told).toEqual(["a acked", "b acked", "c acked"]);
  }
  broker.halt();
});
