import { BrokerError } from "../../base/errors.ts";

/** The most characters of a text that the message quotes. */
const SHOWN = 500;

/**
 * The other side did not follow a script. The message quotes the script and the text that came
 * instead, so use made-up passwords in tests.
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
