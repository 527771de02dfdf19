import type { Settings } from "../contract/options.ts";
import type { StreamContext } from "../stream/framing.ts";
import { NS } from "../xml/namespaces.ts";

/** Most programs have one dialect, whose streams all have the same declarations. */
let lastContext: StreamContext = { ns: NS.client, prefixes: { stream: NS.stream } };

/** The declarations above every element of a broker's streams. */
export function contextOf({ dialect, overrides }: Settings): StreamContext {
  const ns = overrides.xmlns ?? dialect.contentNamespace;
  const stream = overrides.stream ?? NS.stream;
  if (lastContext.ns !== ns || lastContext.prefixes.stream !== stream) {
    lastContext = { ns, prefixes: { stream } };
  }
  return lastContext;
}
