import { badOption, knownOptions, oneOf, record, text } from "../../../base/check.ts";
import { type Element, xml } from "../../../xml/element.ts";

const ROSTER = "jabber:iq:roster";

/** A contact in a roster (RFC 6121, section 2.1.2). */
export interface RosterItem {
  /** The contact's address, which is sent as it is spelt. */
  readonly jid: string;
  /** The name that the user gave the contact. Default: none. */
  readonly name?: string | undefined;
  /** The direction of the presence subscription. Default `both`. */
  readonly subscription?: "none" | "to" | "from" | "both" | undefined;
  /** The groups that the contact is in. Default: none. */
  readonly groups?: readonly string[] | undefined;
}

/** Rosters by user name. An address alone stands for an item with the defaults. */
export type Rosters = Readonly<Record<string, readonly (string | RosterItem)[]>>;

/** The answers to the requests for rosters, by user name in its prepared form. Ends in `BAD_OPTION`. */
export function readRosters(
  rosters: Readonly<Record<string, unknown>>,
  readUser: (name: string) => string,
  accounts: ReadonlyMap<string, string>,
): ReadonlyMap<string, Element> {
  const answers = new Map<string, Element>();
  for (const name of accounts.keys()) answers.set(name, xml("query", { xmlns: ROSTER }));
  for (const [name, items] of Object.entries(rosters)) {
    const user = readUser(name);
    if (!accounts.has(user)) throw badOption("rosters", "an object of names in `users`", name);
    if (!Array.isArray(items)) throw badOption(`rosters.${name}`, "a list", items);
    const elements = items.map((item) => readItem(`rosters.${name}`, item));
    answers.set(user, xml("query", { xmlns: ROSTER }, ...elements));
  }
  return answers;
}

/** True for a request for a roster. */
export const asksForRoster = (stanza: Element): boolean =>
  stanza.name === "iq" &&
  stanza.attrs.type === "get" &&
  stanza.child("query", ROSTER) !== undefined;

function readItem(option: string, value: unknown): Element {
  const item = typeof value === "string" ? { jid: value } : record(option, value);
  knownOptions(option, item, ["jid", "name", "subscription", "groups"]);
  const { jid, name, subscription = "both", groups = [] } = item as Partial<RosterItem>;
  if (!Array.isArray(groups)) throw badOption(`${option}.groups`, "a list", groups);
  return xml(
    "item",
    {
      // Servers carry addresses that RFC 7622 refuses.
      jid: text(`${option}.jid`, jid),
      name: name === undefined ? undefined : text(`${option}.name`, name),
      subscription: oneOf(`${option}.subscription`, subscription, ["none", "to", "from", "both"]),
    },
    ...groups.map((group) => xml("group", {}, text(`${option}.groups`, group))),
  );
}
