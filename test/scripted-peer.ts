import { BrokerError } from "../src/base/errors.ts";
import { memoryPair } from "../src/transport/memory.ts";
import type { TransportFactory } from "../src/transport/transport.ts";

/** How a scripted peer behaves. */
export interface PeerOptions {
  /** Where what it sends is cut: the most bytes of a piece, or the offsets of the cuts. */
  readonly cut?: number | readonly number[];
  /** Whether TLS can be put on the connection (it is a pretence: the bytes stay as they are). */
  readonly tls?: boolean;
}

/** A peer that follows a script. */
export interface ScriptedPeer {
  /** For the broker's option `transport`. It can be reached once. */
  readonly transport: TransportFactory;
  /** Resolves when every line has been followed; rejects when the client sends something else. */
  readonly done: Promise<void>;
  /** How many connections were asked for. */
  readonly attempts: number;
  /** What the client sent that no line has read, without the XML declaration. */
  readonly unread: string;
  /** Everything the client sent. */
  readonly heard: string;
  /** Resolves when both directions of the connection are over. */
  readonly over: Promise<void>;
}

type Line =
  | { readonly by: "C"; readonly text: string }
  | { readonly by: "S"; readonly text: string };

/**
 * A server in memory that follows a script, one line after the other:
 *
 *     S: <proceed …/>             is sent as it stands
 *     C: <iq type='set' id='{id}'>…</iq>
 *                                 is what must come now: … is any text, {id} any attribute value,
 *                                 which later lines may repeat as {id}
 *     S: (end)                    ends its half of the connection
 *     S: (cut)                    drops the connection
 *     # a remark
 *
 * A line that begins with none of these goes on with the one above. After the last line it is mute.
 */
export function scriptedPeer(script: string, options: PeerOptions = {}): ScriptedPeer {
  const lines = parseScript(script);
  const values = new Map<string, string>();
  let heard = "";
  let unread = "";
  let attempts = 0;
  let settle: { resolve(): void; reject(error: Error): void } | undefined;
  let drop: () => void = () => undefined;
  const done = new Promise<void>((resolve, reject) => {
    settle = { resolve, reject };
  });
  // A test that does not ask for the end must not fail for it.
  done.catch(() => undefined);
  let isOver: () => void = () => undefined;
  const over = new Promise<void>((resolve) => {
    isOver = resolve;
  });

  const transport: TransportFactory = () => {
    attempts++;
    if (attempts > 1) {
      return Promise.reject(new BrokerError("CONNECT_FAILED", "the script is for one connection"));
    }
    const [client, server] = memoryPair({
      ...(options.cut === undefined ? {} : { cut: options.cut }),
      ...(options.tls
        ? { tls: { protocol: "TLSv1.3", cipher: "TLS_AES_256_GCM_SHA384", alpn: undefined } }
        : {}),
    });
    drop = () => {
      server.destroy();
    };
    const follow = (): void => {
      while (lines.length > 0) {
        const [line] = lines;
        if (line === undefined) break;
        if (line.by === "S") {
          lines.shift();
          if (line.text === "(end)") server.end();
          else if (line.text === "(cut)") drop();
          else
            server.write(
              line.text.replace(/\{(\w+)\}/g, (_, name: string) => values.get(name) ?? ""),
            );
        } else {
          unread = unread.replace(/^<\?xml version='1\.0'\?>/, "");
          const found = read(line.text, unread, values);
          if (found === "later") return;
          if (found === "never") {
            settle?.reject(new Error(`the peer waits for ${line.text} and reads ${unread}`));
            return;
          }
          lines.shift();
          unread = unread.slice(found);
        }
      }
      settle?.resolve();
    };
    const decoder = new TextDecoder();
    server.start({
      data(bytes) {
        const text = decoder.decode(bytes, { stream: true }).replaceAll('"', "'");
        heard += text;
        unread += text;
        follow();
      },
      leaving: () => undefined,
      taken: () => undefined,
      end: () => {
        server.end();
      },
      close: () => {
        isOver();
      },
    });
    follow();
    return Promise.resolve(client);
  };

  return {
    transport,
    done,
    over,
    get attempts() {
      return attempts;
    },
    get heard() {
      return heard;
    },
    get unread() {
      return unread.replace(/^<\?xml version='1\.0'\?>/, "");
    },
  };
}

function parseScript(script: string): Line[] {
  const lines: Line[] = [];
  for (const raw of script.split("\n")) {
    const text = raw.trim();
    if (text === "" || text.startsWith("#")) continue;
    const by = text.slice(0, 2);
    if (by === "S:" || by === "C:") {
      lines.push({ by: by === "S:" ? "S" : "C", text: text.slice(2).trim() });
    } else {
      const last = lines.pop();
      if (last === undefined) throw new Error(`a script begins with S: or C:, not with ${text}`);
      lines.push({ by: last.by, text: last.text + text });
    }
  }
  return lines;
}

/** How much of the text the pattern takes; or it may come later, or never. */
function read(
  pattern: string,
  text: string,
  values: Map<string, string>,
): number | "later" | "never" {
  const names: string[] = [];
  const source = pattern
    .split(/(…|\{\w+\})/)
    .map((part) => {
      if (part === "…") return "[\\s\\S]*?";
      const name = /^\{(\w+)\}$/.exec(part)?.[1];
      if (name === undefined) return literally(part);
      const known = values.get(name);
      if (known !== undefined) return literally(known);
      names.push(name);
      return "([^'<>]*)";
    })
    .join("");
  const match = new RegExp(`^${source}`).exec(text);
  if (match !== null) {
    for (const [index, name] of names.entries()) values.set(name, match[index + 1] ?? "");
    return match[0].length;
  }
  const literal = pattern.split(/…|\{/)[0] ?? "";
  const length = Math.min(literal.length, text.length);
  return literal.slice(0, length) === text.slice(0, length) ? "later" : "never";
}

function literally(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
