#!/usr/bin/env node
import { command } from "./command.ts";
import { wantsColour } from "./paint.ts";
import { askSecret } from "./prompt.ts";

const { stdin, stdout, stderr, env, argv } = process;

// A reader that goes away (`xmpp-broker demo | head`) ends the command, without a word.
stdout.on("error", (error: NodeJS.ErrnoException) => {
  process.exit(error.code === "EPIPE" ? 0 : 1);
});

process.exitCode = await command(argv.slice(2), {
  out: (text) => void stdout.write(text),
  err: (text) => void stderr.write(text),
  env,
  colours: wantsColour(stdout.isTTY, env),
  ask: stdin.isTTY
    ? (question) => askSecret(question, stdin, (text) => void stderr.write(text))
    : undefined,
});
