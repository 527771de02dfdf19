import { oneOf, record, text } from "../../../base/check.ts";
import {
  choice,
  flag,
  group,
  optional,
  type Settled,
  type Takes,
  whole,
} from "../../../base/option.ts";

/** The servers whose habits are known, as they were measured: Prosody 0.12.3 and ejabberd 23.01. */
const SERVERS = ["ejabberd", "prosody"] as const;

/** The longest window, in seconds. */
const A_DAY = 86_400;

/** The habits of a server with XEP-0198. A new one is one row here, and one in `docs/testing.md`. */
const HABITS = {
  /** The server whose habits are the defaults of all others. Default `ejabberd`. */
  like: choice("ejabberd", SERVERS),
  /** The seconds that a session is kept, as `<enabled/>` announces them. Default 300; Prosody 600. */
  max: whole(300, 1, A_DAY),
  /** The milliseconds that a session is really kept after its connection was lost. Default: `max`. */
  window: optional<number>(whole(0, 0, A_DAY * 1000).check),
  /** The `location` that `<enabled/>` announces. Default: none, as both servers. */
  location: optional<string>(text),
  /** How many stanzas may be unacknowledged. Default 5,000; Prosody 500. */
  limit: whole(5000, 1, 100_000),
  /**
   * With more of them: ejabberd ends the session and returns all as errors, those that arrived too (`end`);
   * Prosody forgets the oldest, and then refuses to resume (`forget`).
   */
  beyond: choice("end", ["end", "forget"]),
  /** True if `<failed/>` tells `h` once, when the window has passed. Default `true`, as both servers. */
  failedTellsH: flag(true),
  /** True if the server sends `<r/>` behind a stanza, one at a time. Default `true`, as both servers. */
  asks: flag(true),
  /** An `h` that goes back: ejabberd passes it over (`ignore`), Prosody ends the session (`end`). */
  goingBack: choice("ignore", ["ignore", "end"]),
  /**
   * True if a connection ends with a bare FIN where ejabberd ends the stream: after a `<resume/>` with a wrong `h`,
   * and the old connection of a session that is resumed. Default `false`; Prosody `true`.
   */
  abrupt: flag(false),
  /**
   * True if a resumed session reads on inside a stanza that the cut left unfinished. Default `false`; Prosody `true`.
   */
  keepsParser: flag(false),
  /**
   * The unacknowledged stanzas of a session whose resource is bound again: ejabberd returns them as errors
   * (`return`), Prosody delivers them to the new session (`redeliver`).
   */
  rebound: choice("return", ["return", "redeliver"]),
};

/** The habits of each server, as far as they are not the defaults. */
const LIKE = {
  ejabberd: {},
  prosody: {
    max: 600,
    limit: 500,
    beyond: "forget",
    goingBack: "end",
    abrupt: true,
    keepsParser: true,
    rebound: "redeliver",
  },
} as const satisfies Record<(typeof SERVERS)[number], Takes<typeof HABITS>>;

/** The names of all habits. */
export const habitNames: readonly string[] = Object.keys(HABITS);

/** Stream management (XEP-0198) of a `LoopbackServer`, with the habits of a server. */
export interface ManagementOptions extends Takes<typeof HABITS> {}

/** The habits in force. */
export interface Habits extends Settled<typeof HABITS> {
  readonly window: number;
}

const rows = group<ManagementOptions, Settled<typeof HABITS>>(HABITS);

/** Reads the option `management`. Ends in `BAD_OPTION`. */
export function readManagement(option: string, value: unknown): Habits {
  const own = Object.entries(record(option, value)).filter(([, given]) => given !== undefined);
  const given: Readonly<Record<string, unknown>> = Object.fromEntries(own);
  const like = oneOf(`${option}.like`, given.like ?? "ejabberd", SERVERS);
  const habits = rows.check(option, { ...LIKE[like], ...given });
  return Object.freeze({ ...habits, window: habits.window ?? habits.max * 1000 });
}
