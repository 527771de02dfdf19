import type { TlsPolicy } from "../../src/node.ts";
import type { Server, ServerName, TlsMode } from "../servers/server.ts";

/** The columns of the matrix. A new one is a field here, and its part in `reach` of stage.ts. */
interface Columns {
  readonly dialect: "xmpp" | "legacy" | "component" | "jabberd2";
  /** How the server treats TLS at the door that the broker connects to. */
  readonly door: TlsMode;
  /** The policy that the broker is given. */
  readonly policy: TlsPolicy;
  /** The protection of the connection after the login. */
  readonly protection: "STARTTLS" | "direct TLS" | "nothing";
  /** The way to the server. */
  readonly transport: "tcp" | "ws" | "wss" | "http-bind" | "https-bind";
}

/** One cell of the matrix. */
export interface Cell extends Columns {
  readonly server: Server["name"];
}

/** The last place is left out for TCP. */
type Row = readonly [
  ...[Cell["dialect"], Cell["door"], Cell["policy"], Cell["protection"]],
  Cell["transport"]?,
];

// biome-ignore format: it is a table
const ROWS: Readonly<Record<Server["name"], readonly Row[]>> = {
  prosody: [
    ["xmpp",      "required", "required",      "STARTTLS"],
    ["xmpp",      "optional", "opportunistic", "STARTTLS"],
    ["xmpp",      "optional", "plaintext",     "nothing"],
    ["xmpp",      "off",      "opportunistic", "nothing"],
    ["xmpp",      "direct",   "direct",        "direct TLS"],
    ["xmpp",      "direct",   "required",      "direct TLS", "wss"],
    ["xmpp",      "off",      "plaintext",     "nothing",    "ws"],
    ["xmpp",      "direct",   "required",      "direct TLS", "https-bind"],
    ["xmpp",      "off",      "plaintext",     "nothing",    "http-bind"],
    ["legacy",    "required", "required",      "STARTTLS"],
    ["legacy",    "optional", "opportunistic", "STARTTLS"],
    ["legacy",    "optional", "plaintext",     "nothing"],
    ["legacy",    "off",      "plaintext",     "nothing"],
    ["legacy",    "direct",   "direct",        "direct TLS"],
    ["legacy",    "direct",   "required",      "direct TLS", "wss"],
    ["legacy",    "off",      "plaintext",     "nothing",    "ws"],
    ["legacy",    "direct",   "required",      "direct TLS", "https-bind"],
    ["legacy",    "off",      "plaintext",     "nothing",    "http-bind"],
    ["component", "off",      "plaintext",     "nothing"],
  ],
  ejabberd: [
    ["xmpp",      "required", "required",      "STARTTLS"],
    ["xmpp",      "optional", "opportunistic", "STARTTLS"],
    ["xmpp",      "optional", "plaintext",     "nothing"],
    ["xmpp",      "off",      "opportunistic", "nothing"],
    ["xmpp",      "direct",   "direct",        "direct TLS"],
    ["xmpp",      "direct",   "required",      "direct TLS", "wss"],
    ["xmpp",      "off",      "plaintext",     "nothing",    "ws"],
    ["xmpp",      "direct",   "required",      "direct TLS", "https-bind"],
    ["xmpp",      "off",      "plaintext",     "nothing",    "http-bind"],
    ["legacy",    "required", "required",      "STARTTLS"],
    ["legacy",    "optional", "opportunistic", "STARTTLS"],
    ["legacy",    "optional", "plaintext",     "nothing"],
    ["legacy",    "off",      "opportunistic", "nothing"],
    ["legacy",    "off",      "plaintext",     "nothing"],
    ["legacy",    "direct",   "direct",        "direct TLS"],
    ["legacy",    "direct",   "required",      "direct TLS", "wss"],
    ["legacy",    "off",      "plaintext",     "nothing",    "ws"],
    ["legacy",    "direct",   "required",      "direct TLS", "https-bind"],
    ["legacy",    "off",      "plaintext",     "nothing",    "http-bind"],
    ["component", "off",      "plaintext",     "nothing"],
    ["component", "direct",   "direct",        "direct TLS"],
  ],
  jabberd2: [
    ["xmpp",      "required", "required",      "STARTTLS"],
    ["xmpp",      "optional", "opportunistic", "STARTTLS"],
    ["xmpp",      "optional", "plaintext",     "nothing"],
    ["xmpp",      "off",      "opportunistic", "nothing"],
    ["xmpp",      "direct",   "direct",        "direct TLS"],
    ["xmpp",      "direct",   "required",      "direct TLS", "wss"],
    ["xmpp",      "off",      "plaintext",     "nothing",    "ws"],
    ["legacy",    "required", "required",      "STARTTLS"],
    ["legacy",    "optional", "opportunistic", "STARTTLS"],
    ["legacy",    "optional", "plaintext",     "nothing"],
    ["legacy",    "off",      "opportunistic", "nothing"],
    ["legacy",    "off",      "plaintext",     "nothing"],
    ["legacy",    "direct",   "direct",        "direct TLS"],
    ["legacy",    "direct",   "required",      "direct TLS", "wss"],
    ["legacy",    "off",      "plaintext",     "nothing",    "ws"],
    ["component", "optional", "required",      "STARTTLS"],
    ["component", "optional", "opportunistic", "STARTTLS"],
    ["component", "optional", "plaintext",     "nothing"],
    ["component", "off",      "opportunistic", "nothing"],
    ["jabberd2",  "optional", "required",      "STARTTLS"],
    ["jabberd2",  "optional", "opportunistic", "STARTTLS"],
    ["jabberd2",  "optional", "plaintext",     "nothing"],
    ["jabberd2",  "off",      "opportunistic", "nothing"],
  ],
  loopback: [
    ["xmpp",      "required", "required",      "STARTTLS"],
    ["xmpp",      "optional", "opportunistic", "STARTTLS"],
    ["xmpp",      "optional", "plaintext",     "nothing"],
    ["xmpp",      "off",      "opportunistic", "nothing"],
    ["xmpp",      "direct",   "direct",        "direct TLS"],
    ["xmpp",      "direct",   "required",      "direct TLS", "wss"],
    ["xmpp",      "off",      "plaintext",     "nothing",    "ws"],
    ["xmpp",      "direct",   "required",      "direct TLS", "https-bind"],
    ["xmpp",      "off",      "plaintext",     "nothing",    "http-bind"],
    ["legacy",    "required", "required",      "STARTTLS"],
    ["legacy",    "optional", "opportunistic", "STARTTLS"],
    ["legacy",    "optional", "plaintext",     "nothing"],
    ["legacy",    "off",      "opportunistic", "nothing"],
    ["legacy",    "off",      "plaintext",     "nothing"],
    ["legacy",    "direct",   "direct",        "direct TLS"],
    ["legacy",    "direct",   "required",      "direct TLS", "wss"],
    ["legacy",    "off",      "plaintext",     "nothing",    "ws"],
    ["legacy",    "direct",   "required",      "direct TLS", "https-bind"],
    ["legacy",    "off",      "plaintext",     "nothing",    "http-bind"],
    ["component", "required", "required",      "STARTTLS"],
    ["component", "optional", "opportunistic", "STARTTLS"],
    ["component", "optional", "plaintext",     "nothing"],
    ["component", "off",      "opportunistic", "nothing"],
    ["jabberd2",  "required", "required",      "STARTTLS"],
    ["jabberd2",  "optional", "opportunistic", "STARTTLS"],
    ["jabberd2",  "optional", "plaintext",     "nothing"],
    ["jabberd2",  "off",      "opportunistic", "nothing"],
  ],
};

/** The cells of one server. */
export const cellsOf = (server: Server["name"]): readonly Cell[] =>
  ROWS[server].map(([dialect, door, policy, protection, transport = "tcp"]) => ({
    server,
    dialect,
    door,
    policy,
    protection,
    transport,
  }));

/**
 * The cell of each server that goes through the long steps too: large texts, and thousands of filters. They test the
 * path of stanzas, which hardly depends on the cell, so once a server is enough. Each dialect has its turn but `legacy`,
 * which is `xmpp` after the login.
 */
const LONG: Readonly<Record<Server["name"], Partial<Columns>>> = {
  prosody: { dialect: "xmpp", protection: "STARTTLS", policy: "required" },
  ejabberd: { dialect: "component", protection: "direct TLS" },
  jabberd2: { dialect: "jabberd2", protection: "STARTTLS", policy: "required" },
  loopback: { dialect: "xmpp", protection: "nothing", policy: "plaintext", transport: "tcp" },
};

/** True if a cell goes through the long steps. */
export const hasLongSteps = (cell: Cell): boolean =>
  Object.entries(LONG[cell.server]).every(([key, value]) => cell[key as keyof Columns] === value);

/** The proof that a cell has: by stream management (XEP-0198), or by a barrier where the server does not offer it. */
export function proofOf({ server, dialect, door }: Cell): "stream-management" | "barrier" {
  const isManaged = (server === "prosody" || server === "ejabberd") && door !== "off";
  return isManaged && dialect === "xmpp" ? "stream-management" : "barrier";
}

/** The cell of the peer of each server's tests. */
export const peerOf = (server: Server["name"]): Cell => ({
  ...{ server, dialect: "xmpp", door: "direct", policy: "direct", protection: "direct TLS" },
  transport: "tcp",
});

/** The state that a stanza comes to by itself. Where the server offers stream management, each is proven. */
export const lastStateOf = (cell: Cell): "acked" | "written" =>
  proofOf(cell) === "stream-management" ? "acked" : "written";

/** True if the cell is the first of its server, dialect and way of proof: proofs depend on nothing else. */
export function hasProofs(cell: Cell): boolean {
  const first = cellsOf(cell.server).find(
    (other) => other.dialect === cell.dialect && proofOf(other) === proofOf(cell),
  );
  return title(cell) === title(first ?? cell);
}

/** True if the cell logs in with an account, and has a full JID. */
export const isClient = ({ dialect }: Cell): boolean => dialect === "xmpp" || dialect === "legacy";

export const title = ({ dialect, door, policy, protection, transport }: Cell): string =>
  `${dialect} over ${transport} where TLS is ${door}, asked to be ${policy}: ${protection}`;

// biome-ignore format: it is a table
/** Logins that fail because TLS is missing or required. They are the same on every server. */
export const REFUSALS = [
  { dialect: "xmpp",   door: "off",      policy: "required",  code: "TLS_UNAVAILABLE" },
  { dialect: "xmpp",   door: "required", policy: "plaintext", code: "TLS_REQUIRED" },
  { dialect: "legacy", door: "off",      policy: "required",  code: "TLS_UNAVAILABLE" },
] as const;

/**
 * The result of a second login under the same name. `old ends`: the first stream ends with `conflict`. `refused`: the
 * second login fails. `shared`: both streams stay.
 */
export const NAME_TAKEN: Readonly<
  Record<
    Server["name"],
    Readonly<Partial<Record<Cell["dialect"], "old ends" | "refused" | "shared">>>
  >
> = {
  prosody: { xmpp: "old ends", legacy: "old ends", component: "refused" },
  ejabberd: { xmpp: "old ends", legacy: "old ends", component: "shared" },
  jabberd2: { xmpp: "old ends", legacy: "old ends", component: "shared", jabberd2: "refused" },
  loopback: { xmpp: "old ends", legacy: "old ends", component: "refused", jabberd2: "refused" },
};

/**
 * The stream errors and codes that may end a cell's connection when its server ends. When an administrator stops
 * Prosody, it tells its clients. ejabberd tells its clients and components, but may cut the connection before the error
 * arrives, and usually does so to components. jabberd2 closes its streams without an error. The loopback server tells
 * all, but by BOSH only where it holds a request. After a crash there is no error at all.
 */
export function lastWordsOf(cell: Cell, how: "stop" | "kill"): readonly string[] {
  if (how === "kill" || cell.server === "jabberd2") return ["DISCONNECTED"];
  if (cell.server === "loopback" && !isByBosh(cell)) return ["system-shutdown"];
  const isTold = cell.server === "ejabberd" || isClient(cell);
  return isTold ? ["system-shutdown", "DISCONNECTED"] : ["DISCONNECTED"];
}

/**
 * The conditions that may end the first of two streams of one name. By BOSH Prosody tells the end only to a request that
 * it holds at that moment. Else the next request finds no session.
 */
export function conflictsOf(cell: Cell): readonly string[] {
  return cell.server === "prosody" && isByBosh(cell)
    ? ["conflict", "item-not-found"]
    : ["conflict"];
}

const isByBosh = ({ transport }: Cell): boolean =>
  transport === "http-bind" || transport === "https-bind";

/** The SASL mechanisms of a server inside TLS, the weakest first, without those with channel binding. */
export const MECHANISMS: Readonly<Record<ServerName, readonly string[]>> = {
  prosody: ["PLAIN", "SCRAM-SHA-1", "SCRAM-SHA-256"],
  ejabberd: ["PLAIN", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-512"],
  jabberd2: ["PLAIN", "DIGEST-MD5", "SCRAM-SHA-1", "SCRAM-SHA-256"],
};
