import { BrokerError } from "../../base/errors.ts";

/** How much of what was heard goes into the message. */
const SHOWN = 500;

/**
 * The other side did not do what a script says. The message quotes both, and so may hold what the
 * other side sent: use made-up passwords in tests.
 */
export class ScriptError extends BrokerError {
  override readonly name = "ScriptError";
  /** The line that was waited for, as the script has it. */
  readonly expected: string;
  /** All that had been heard and that no line had read. */
  readonly unread: string;

  constructor(why: string, expected: string, unread: string, cause?: unknown) {
    super("SCRIPT_FAILED", `${why}; expected ${clipped(expected)}, read ${clipped(unread)}`, {
      ...(cause === undefined ? {} : { cause }),
    });
    this.expected = expected;
    this.unread = unread;
  }
}

const clipped = (text: string): string =>
  text.length > SHOWN ? `${text.slice(0, SHOWN)}… (${text.length} characters)` : text || "nothing";
