#!/usr/bin/env node
import { columnsOf } from "./command.ts";
import { wantsColour } from "./printer.ts";
import { askSecret } from "./prompt.ts";
import { run } from "./run.ts";

const { stdin, stdout, stderr, env, argv } = process;

// A reader that goes away (`xmpp-broker demo | head`) ends the command without a message.
stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

process.exitCode = await run(argv.slice(2), {
  out: (text) => void stdout.write(text),
  err: (text) => void stderr.write(text),
  // (A pipe has no columns, whatever its type says.)
  columns: columnsOf(stdout.isTTY ? stdout.columns : undefined, env),
  env,
  colours: wantsColour(stdout.isTTY, env),
  ask: stdin.isTTY
    ? (question) => askSecret(question, stdin, (text) => void stderr.write(text))
    : undefined,
});
