import type { OptionTable } from "../base/option.ts";
import { COMPONENT_OPTIONS, component } from "./component.ts";
import type { Dialect } from "./dialect.ts";
import { JABBERD2_OPTIONS, jabberd2 } from "./jabberd2.ts";
import { LEGACY_OPTIONS, legacy } from "./legacy.ts";
import { XMPP_OPTIONS, xmpp } from "./xmpp.ts";

/** One dialect of the table. */
interface DialectRow {
  /** A few words about it, for the help of the command. */
  readonly line: string;
  readonly options: OptionTable;
  make(options: never): Dialect;
}

/**
 * Every dialect of this package, by its name. The command, its help and `docs/dialects.md` are made from it. A new
 * dialect is a file here and a row in this table.
 */
export const dialects = {
  xmpp: { line: "a client (RFC 6120)", options: XMPP_OPTIONS, make: xmpp },
  legacy: {
    line: "a client from before XMPP (XEP-0078)",
    options: LEGACY_OPTIONS,
    make: legacy,
  },
  component: { line: "a component (XEP-0114)", options: COMPONENT_OPTIONS, make: component },
  jabberd2: {
    line: "a service on the jabberd2 router",
    options: JABBERD2_OPTIONS,
    make: jabberd2,
  },
} as const satisfies Readonly<Record<string, DialectRow>>;

/** The name of a dialect of this package. */
export type DialectName = keyof typeof dialects;
