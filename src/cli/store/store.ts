import { jid } from "../../jid/jid.ts";
import { lookAt } from "../../stores/salvage/look.ts";
import { salvage } from "../../stores/salvage/salvage.ts";
import type { Loss } from "../../stores/salvage/whole.ts";
import { damaged } from "../../stores/store-error.ts";
import { wrong } from "../arguments.ts";
import type { Command, Given } from "../command.ts";
import { Printer } from "../printer.ts";

/** The command `store`: looks at the store of an outbox, or makes a whole one of a damaged one. */
export const store: Command = {
  usage: [
    ["xmpp-broker store look DIR", "what is in the store of an outbox, and whether it is whole"],
    [
      "xmpp-broker store salvage DIR",
      "keeps what is whole in a damaged store, and puts the rest aside; where the manifest is damaged, give the login too",
    ],
  ],
  words: 2,
  async run(given, terminal, [verb, directory]) {
    if (verb !== "look" && verb !== "salvage") wrong("store needs look or salvage");
    if (directory === undefined) wrong(`store ${verb} needs a directory`);
    const printer = new Printer(terminal);
    if (verb === "look") await look(directory, printer);
    else await rescue(directory, given, printer);
  },
};

async function look(directory: string, printer: Printer): Promise<void> {
  const { paint } = printer;
  const report = await lookAt(directory);
  printer.heading(directory, report.identity === undefined ? "" : `  ${report.identity}`);
  for (const { file, bytes, entries, waiting } of report.files) {
    printer.line(
      paint.name(file),
      `${bytes} bytes`,
      stanzas(entries),
      `${waiting} ${waiting === 1 ? "waits" : "wait"}`,
    );
  }
  const verb = report.waiting === 1 ? "waits" : "wait";
  printer.line(`${stanzas(report.waiting)} ${verb}`, ...since(report.oldest));
  if (report.holder !== undefined) printer.line(`locked by ${report.holder}`);
  printLosses(report.losses, printer);
  const [first] = report.losses;
  if (first !== undefined) throw damaged(first.file, first.offset, first.why);
  printer.line(paint.good("whole"));
}

async function rescue(directory: string, given: Given, printer: Printer): Promise<void> {
  const { identity, kept, losses, aside } = await salvage(directory, identityOf(given));
  printer.heading(directory, `  ${identity}`);
  printLosses(losses, printer);
  printer.line(printer.paint.good(`${stanzas(kept)} kept`), "to be sent in order");
  printer.line("damaged files", aside);
}

function printLosses(losses: readonly Loss[], printer: Printer): void {
  for (const { file, offset, why } of losses) {
    printer.line(printer.paint.bad(`${file} at byte ${offset}`), why);
  }
}

function stanzas(count: number): string {
  return count === 1 ? "1 stanza" : `${count} stanzas`;
}

function since(oldest: number | undefined): string[] {
  return oldest === undefined ? [] : [`the oldest since ${new Date(oldest).toISOString()}`];
}

/** The identity that the options give: the dialect and the own address. */
function identityOf({ dialect, jid: account, domain }: Given): string | undefined {
  if (typeof dialect !== "string") return undefined;
  if (typeof account === "string") return `${dialect} ${jid(account).bare}`;
  return typeof domain === "string" ? `${dialect} ${domain}` : undefined;
}
