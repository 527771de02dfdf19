import { COMPONENT_OPTIONS, component } from "./component.ts";
import { JABBERD2_OPTIONS, jabberd2 } from "./jabberd2.ts";
import { LEGACY_OPTIONS, legacy } from "./legacy.ts";
import { XMPP_OPTIONS, xmpp } from "./xmpp.ts";

/**
 * Every dialect of this package, by its name. The command, its help and `docs/dialects.md` are made from it. A new
 * dialect is a file here and a line in this table.
 */
export const dialects = {
  xmpp: { make: xmpp, options: XMPP_OPTIONS },
  legacy: { make: legacy, options: LEGACY_OPTIONS },
  component: { make: component, options: COMPONENT_OPTIONS },
  jabberd2: { make: jabberd2, options: JABBERD2_OPTIONS },
} as const;

/** The name of a dialect of this package. */
export type DialectName = keyof typeof dialects;
