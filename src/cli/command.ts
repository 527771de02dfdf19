import { readFile } from "node:fs/promises";
import { BrokerError } from "../base/errors.ts";
import { oneLine } from "../base/printable.ts";
import { readArguments, type Visit } from "./arguments.ts";
import { demo } from "./demo.ts";
import { help } from "./help.ts";
import { paint } from "./paint.ts";
import { visit } from "./visit.ts";

/** Where the command speaks and listens. */
export interface Terminal {
  out(text: string): void;
  err(text: string): void;
  readonly env: NodeJS.ProcessEnv;
  /** Whether what goes to `out` may be coloured. */
  readonly colours: boolean;
  /** Asks for a secret; undefined where there is nobody to ask. */
  readonly ask: ((question: string) => Promise<string>) | undefined;
}

/**
 * The command, from its arguments to its exit status: 0 when all went well, 1 when it failed, 2 for
 * arguments that cannot be used. Whatever fails is one line on `err`, with the error's code.
 */
export async function command(argv: readonly string[], terminal: Terminal): Promise<0 | 1 | 2> {
  const asked = readArguments(argv);
  const print = (line: string): void => {
    terminal.out(`${line}\n`);
  };
  switch (asked.kind) {
    case "wrong":
      complain(terminal, `${asked.line} (see xmpp-broker --help)`);
      return 2;
    case "help":
      terminal.out(help);
      return 0;
    case "version":
      print(await version());
      return 0;
    case "demo":
      return await attempt(terminal, async () => {
        await demo(print, paint(terminal.colours));
        return 0;
      });
    case "visit":
      return await attempt(terminal, async () => {
        const password = await secretFor(asked.visit, terminal);
        if (password === undefined) {
          complain(terminal, "no password: set XMPP_PASSWORD, or run it on a terminal to be asked");
          return 2;
        }
        await visit(asked.visit, password, print, paint(terminal.colours));
        return 0;
      });
  }
}

async function attempt(terminal: Terminal, action: () => Promise<0 | 2>): Promise<0 | 1 | 2> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof BrokerError)) throw error;
    complain(terminal, `${error.code}: ${error.message}`);
    // These two come from the arguments, and before any socket opens.
    return error.code === "BAD_OPTION" || error.code === "BAD_JID" ? 2 : 1;
  }
}

async function secretFor({ visitor }: Visit, terminal: Terminal): Promise<string | undefined> {
  const { XMPP_PASSWORD: password } = terminal.env;
  if (password !== undefined && password !== "") return password;
  const who = "jid" in visitor ? visitor.jid : visitor.domain;
  return await terminal.ask?.(`Password for ${who}: `);
}

function complain(terminal: Terminal, line: string): void {
  // One line, whatever a server put into its error.
  terminal.err(`xmpp-broker: ${oneLine(line)}\n`);
}

async function version(): Promise<string> {
  const text = await readFile(new URL("../../package.json", import.meta.url), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}
