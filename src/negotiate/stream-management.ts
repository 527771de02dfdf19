import { BrokerError } from "../base/errors.ts";
import { domainOf } from "../jid/carried.ts";
import { counted, readCount } from "../stream/counter.ts";
import { type Element, xml } from "../xml/element.ts";
import { NS } from "../xml/namespaces.ts";
import { ask } from "./answer.ts";
import { type Login, type Management, type Previous, unexpected } from "./login.ts";
import { putAside } from "./put-aside.ts";

/** The outcome of asking for an old session. The facts go into the result of the login. */
export interface Resumption {
  /** True if the old session goes on. If false, a resource must be bound, as for a new one. */
  readonly resumed: boolean;
  /** The facts of the session that goes on; of one that is gone only `h`, where the server told it. */
  readonly management: Management;
}

/** True if the server offers stream management (XEP-0198, 2). */
export function offersManagement(features: Element): boolean {
  return features.child("sm", NS.streamManagement) !== undefined;
}

/**
 * Enables stream management (XEP-0198, 3). It needs a bound resource, and may be tried once on a stream. Our stanzas
 * count from `<enable/>`, the server's from `<enabled/>`. With `resume` the session may outlive its connection, if
 * the server permits that: then there is an `id`. A server that refuses leaves the stream as it was, and the result
 * is `undefined`. Ends in `TIMEOUT_BIND`, `PROTOCOL_ERROR`.
 *
 *     C: <enable resume='true'/>
 *     S: <enabled resume='true' id='…' max='600' location='…'/>
 *                                                             ^ here: stanzas count
 */
export async function enable(
  login: Login,
  { resume: asksToResume }: { readonly resume: boolean },
): Promise<Management | undefined> {
  login.enter("enable");
  const resume = asksToResume ? "true" : undefined;
  login.send(xml("enable", { xmlns: NS.streamManagement, resume }));
  const answer = await answerTo(login, "enable");
  if (answer.name === "failed") return undefined;
  if (answer.name !== "enabled") throw unexpected(answer, "in answer to <enable>");
  login.counted();
  return asksToResume ? readEnabled(answer) : {};
}

/**
 * Asks for an old session in place of binding a resource (XEP-0198, 5). Each refusal is the same: the session is
 * gone, and the stream can still bind. `h` tells how many of our stanzas the server has handled, if it still knows.
 *
 * Prosody 0.12 goes on reading where the old connection was cut, also inside a stanza: then it swallows all that
 * follows. So a ping is sent, and only its answer proves that the server reads.
 *
 * Ends in `PROTOCOL_ERROR` for a session that goes on and is not the one asked for, or does not tell an `h` that can be
 * true; in `TIMEOUT_BIND` for a mute server. Then the old session must not be asked for again.
 *
 *     C: <resume previd='…' h='7'/>
 *     S: <resumed previd='…' h='12'/>
 *                                   ^ here: stanzas count
 *     C: <iq type='get'><ping/></iq>
 *     S: <iq type='result'/>
 *                           ^ here: resolved
 */
export async function resume(login: Login, previous: Previous): Promise<Resumption> {
  login.enter("resume");
  const { id, max, location } = previous;
  const own = String(counted(previous.h));
  login.send(xml("resume", { xmlns: NS.streamManagement, previd: id, h: own }));
  const answer = await answerTo(login, "resume");
  const h = readCount(answer.attrs.h);
  if (answer.name === "failed") return { resumed: false, management: { h } };
  if (answer.name !== "resumed") throw unexpected(answer, "in answer to <resume>");
  if (answer.attrs.previd !== id) throw broken("the server resumed another session");
  if (h === undefined) throw broken("<resumed> came without a number of handled stanzas");
  login.resumed(h);
  await ask(login, "get", xml("ping", { xmlns: NS.ping }), domainOf(previous.jid));
  return { resumed: true, management: { id, max, location } };
}

/** The next nonza of stream management. Others, and `<r/>` and `<a/>`, are no answer: they are put aside. */
async function answerTo(login: Login, request: "enable" | "resume"): Promise<Element> {
  for (;;) {
    const element = await login.next();
    const isAck = element.name === "r" || element.name === "a";
    if (element.ns === NS.streamManagement && !isAck) return element;
    putAside(login, element, `before the answer to <${request}>`);
  }
}

/** The facts of `<enabled/>`. Attributes that cannot be read count as missing; without an id nothing is resumed. */
function readEnabled({ attrs: { resume, id, max, location } }: Element): Management {
  const mayResume = resume === "true" || resume === "1";
  if (!mayResume || id === undefined || id === "") return {};
  // An xs:positiveInteger, which servers never use beyond some days of seconds.
  return { id, max: readCount(max) || undefined, location: location || undefined };
}

function broken(detail: string): BrokerError {
  return new BrokerError("PROTOCOL_ERROR", detail);
}
