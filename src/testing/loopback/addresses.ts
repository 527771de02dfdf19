import { type Jid, readJid, tryJid } from "../../jid/jid.ts";
import { nodeprep, resourceprep } from "../../jid/stringprep.ts";

/** How a server prepares the addresses that it reads, and those that it delivers. */
export interface Addresses {
  /** Reads an address; `undefined` for a text that is none. */
  read(text: string): Jid | undefined;
  /** True if stanzas are delivered with prepared addresses, and not as their sender spelt them. */
  readonly rewrites: boolean;
}

/**
 * The ways of preparing, by the name that the option has. `precis` is RFC 7622. `stringprep` is what
 * servers do: nodeprep and resourceprep (RFC 3920). They allow addresses that RFC 7622 refuses
 * (`☃@…`), and the stanza is delivered with the result, as Prosody does it: `groß@…` is `gross@…`, and
 * `room@…/™` is `room@…/TM`.
 */
export const ADDRESSES = {
  precis: { read: tryJid, rewrites: false },
  stringprep: { read: readStringprep, rewrites: true },
} as const satisfies Record<string, Addresses>;

function readStringprep(text: string): Jid | undefined {
  const result = readJid(text, { local: nodeprep, resource: resourceprep });
  return "fault" in result ? undefined : result;
}
