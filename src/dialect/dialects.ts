import { component } from "./component.ts";
import { jabberd2 } from "./jabberd2.ts";
import { legacy } from "./legacy.ts";
import { xmpp } from "./xmpp.ts";

/** Every dialect of this package, by its name. A new dialect is a file here and a line in this table. */
export const dialects = { xmpp, legacy, component, jabberd2 } as const;

/** The name of a dialect of this package. */
export type DialectName = keyof typeof dialects;
