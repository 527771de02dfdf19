import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { startEjabberd } from "./ejabberd.ts";
import { startJabberd2 } from "./jabberd2.ts";
import { programPath } from "./programs.ts";
import { startProsody } from "./prosody.ts";
import { type RealServer, SERVER_NAMES, type ServerName } from "./server.ts";

/** A server that may be on this machine. */
export interface Candidate {
  readonly name: ServerName;
  /** The programs it consists of. */
  readonly programs: readonly string[];
  /** A file it must have beside them. */
  readonly file?: string;
  readonly start: () => Promise<RealServer>;
}

export const CANDIDATES: Readonly<Record<ServerName, Candidate>> = {
  prosody: {
    name: "prosody",
    programs: ["prosody"],
    // EXTERNAL for clients needs this file of Debian's package prosody-modules.
    file: "/usr/lib/prosody/modules/mod_auth_ccert/mod_auth_ccert.lua",
    start: startProsody,
  },
  ejabberd: { name: "ejabberd", programs: ["erl", "ejabberdctl"], start: startEjabberd },
  jabberd2: {
    name: "jabberd2",
    programs: ["jabberd2-router", "jabberd2-sm", "jabberd2-c2s"],
    start: startJabberd2,
  },
};

/** A server that can run here, with its version if the package manager knows it; or the reason why it cannot. */
export type Finding =
  | { readonly name: ServerName; readonly found: true; readonly version: string }
  | { readonly name: ServerName; readonly found: false; readonly why: string };

/** Looks for one server's programs. */
export function find(name: ServerName): Finding {
  const { programs, file } = CANDIDATES[name];
  const lacking = programs.filter((program) => programPath(program) === undefined);
  if (file !== undefined && !existsSync(file)) lacking.push(file);
  if (lacking.length > 0) return { name, found: false, why: `there is no ${lacking.join(", ")}` };
  return { name, found: true, version: packageVersion(name) };
}

export const findAll = (): readonly Finding[] => SERVER_NAMES.map(find);

/** True if a missing server is a failure. The gate asks for that with `XMPP_BROKER_REQUIRE_SERVERS=1`. */
export const serversRequired = (): boolean => process.env.XMPP_BROKER_REQUIRE_SERVERS === "1";

function packageVersion(name: string): string {
  try {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the placeholder is dpkg's own
    return execFileSync("dpkg-query", ["-W", "-f", "${Version}", name], {
      encoding: "utf8",
      stdio: ["ignore", "pipe", "ignore"],
    });
  } catch {
    return "version unknown";
  }
}
