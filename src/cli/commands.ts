import type { Command } from "./command.ts";
import { demo } from "./demo/demo.ts";
import { store } from "./store/store.ts";

/** Every command by its name. The command line and the help are made from this table. */
export const commands = { demo, store } as const satisfies Readonly<Record<string, Command>>;
