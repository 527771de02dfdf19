import { wrong } from "../arguments.ts";
import type { Command, Terminal } from "../command.ts";
import { Printer } from "../printer.ts";
import { tour } from "./tour.ts";
import { visit } from "./visit.ts";
import { readVisit, type Visit } from "./visit-options.ts";

/** The command `demo`: the dialects at work, on a server that it starts itself, or on a server of the user's. */
export const demo: Command = {
  usage: [
    ["xmpp-broker demo", "everything, on a server that it starts itself"],
    ["xmpp-broker demo --dialect …", "one dialect, on a server of yours"],
  ],
  async run(given, terminal) {
    const [first] = Object.keys(given);
    if (first === undefined) {
      await tour(new Printer(terminal));
      return;
    }
    if (given.dialect === undefined) wrong(`--${first} needs --dialect as well`);
    const asked = readVisit(given);
    await visit(asked, await passwordFor(asked, terminal), new Printer(terminal));
  },
};

async function passwordFor({ identity }: Visit, { env, ask }: Terminal): Promise<string> {
  const { XMPP_PASSWORD: password } = env;
  if (password !== undefined && password !== "") return password;
  const account = String(identity.jid ?? identity.domain);
  const answer = await ask?.(`Password for ${account}: `);
  return answer ?? wrong("no password: set XMPP_PASSWORD, or run it on a terminal to be asked");
}
