import { isBrokerError } from "../../../src/base/errors.ts";
import { BoshChannel } from "../../../src/stream/bosh/bosh-channel.ts";
import { isStreamError } from "../../../src/stream/stream-error.ts";
import { LIMITS } from "../../../src/xml/limits.ts";
import { NS } from "../../../src/xml/namespaces.ts";
import { VirtualClock } from "../../virtual-clock.ts";
import { type Act, ScriptedHttp } from "./scripted-http.ts";

/** The request for a session, as it goes out. */
export const CREATE = `C 1: <body ack='1' to='example.org' xmpp:version='1.0' content='text/xml; charset=utf-8' ver='1.11' wait='50' hold='1'/>`;

/** The answer, with these attributes and this payload. */
export const created = (attributes = "requests='2' polling='5' inactivity='60'", payload = "") =>
  `S 1: <body sid='s' wait='50' hold='1' ${attributes}>${payload}</body>`;

/** A session that is open, and whose first empty request lies at the server. */
export const OPEN = `
  open
  ${CREATE}
  ${created()}
  C 2: <body sid='s'/>`;

/** The outcome of a script. */
export interface Outcome {
  /** The facts that the channel told, in order. */
  readonly seen: readonly string[];
  readonly channel: BoshChannel;
  readonly http: ScriptedHttp;
  readonly clock: VirtualClock;
}

/** Follows a script with a channel whose reader takes all there is. */
export async function follow(
  script: string,
  {
    rid = 1,
    bytes = LIMITS.bytes,
    clock = new VirtualClock(),
  }: { readonly rid?: number; readonly bytes?: number; readonly clock?: VirtualClock } = {},
): Promise<Outcome> {
  const http = new ScriptedHttp(clock);
  const seen: string[] = [];
  const channel = new BoshChannel({
    url: "https://example.org/http-bind",
    fetch: http.fetch,
    clock,
    rid,
    tls: undefined,
    context: { ns: NS.client, prefixes: { stream: NS.stream } },
    limits: { ...LIMITS, bytes },
  });
  /** How many elements the reader still takes. */
  let appetite = Number.POSITIVE_INFINITY;
  const read = (): void => {
    for (; appetite > 0; appetite--) {
      const element = channel.read();
      if (element === undefined) break;
      const isHeader = channel.isHeader(element);
      seen.push(isHeader ? `header ${JSON.stringify(element.attrs)}` : element.toString());
    }
    if (appetite === 0) return;
    const { ending } = channel;
    if (ending === undefined || seen.at(-1)?.startsWith("end ") === true) return;
    seen.push(`end ${ending.by === "fault" ? told(ending.error) : ending.by}`);
  };
  channel.start({
    readable: read,
    leaving: () => undefined,
    taken: (total) => seen.push(`taken ${total}`),
    gone: (error) => seen.push(error === undefined ? "gone" : `gone ${told(error)}`),
  });
  const act: Act = (command, text) => {
    if (text.endsWith(" | goodbye")) {
      void act(command, text.replace(" | goodbye", ""));
      channel.writeFooter();
    } else if (command === "open") channel.open({ to: "example.org", version: "1.0" });
    else if (command === "write") for (const one of text.split(" | ")) channel.write(one);
    else if (command === "goodbye") channel.writeFooter();
    else if (command === "error") channel.writeError(text);
    else if (command === "finish") channel.finish();
    else if (command === "destroy") channel.destroy();
    else if (command === "stop") channel.stop();
    else if (command === "pause") channel.pause();
    else if (command === "resume") channel.resume();
    else if (command === "read") {
      appetite = text === "" ? Number.POSITIVE_INFINITY : Number(text);
      read();
    } else throw new Error(`no such act: ${command}`);
  };
  await http.follow(script, act);
  return { seen, channel, http, clock };
}

function told(error: Error): string {
  if (!isBrokerError(error)) return String(error);
  const condition = isStreamError(error) ? ` ${error.condition}` : "";
  return `${error.code}${condition}${error.retryable ? " retryable" : ""}`;
}
