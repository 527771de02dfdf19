import { BrokerError } from "../base/errors.ts";

/** The part of a terminal's keyboard that a password needs. */
export interface Keyboard {
  setRawMode(raw: boolean): unknown;
  setEncoding(encoding: "utf8"): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: "data", listener: (keys: string) => void): unknown;
  off(event: "data", listener: (keys: string) => void): unknown;
}

const LONGEST = 4096;

/**
 * Asks for a secret; the typed characters do not show. Enter (or Ctrl-D) ends it, Backspace removes a character, and
 * Ctrl-U removes all. Rejects with `ABORTED` on Ctrl-C. It ignores everything after 4,096 characters.
 */
export async function askSecret(
  question: string,
  keyboard: Keyboard,
  write: (text: string) => void,
): Promise<string> {
  write(question);
  keyboard.setRawMode(true);
  keyboard.setEncoding("utf8");
  keyboard.resume();
  try {
    return await line(keyboard);
  } finally {
    keyboard.setRawMode(false);
    keyboard.pause();
    write("\n");
  }
}

function line(keyboard: Keyboard): Promise<string> {
  return new Promise((resolve, reject) => {
    const typed: string[] = [];
    const finish = (settle: () => void): void => {
      keyboard.off("data", keysOnData);
      settle();
    };
    function keysOnData(keys: string): void {
      // An arrow or another key that sends a sequence is no part of a password.
      if (keys.startsWith("\u001b")) return;
      // By code point, so that Backspace takes back an emoji whole.
      for (const key of keys) {
        switch (key) {
          case "\r":
          case "\n":
          case "\u0004":
            finish(() => {
              resolve(typed.join(""));
            });
            return;
          case "\u0003":
            finish(() => {
              reject(new BrokerError("ABORTED", "no password was given"));
            });
            return;
          case "\u007f":
          case "\b":
            typed.pop();
            break;
          case "\u0015":
            typed.length = 0;
            break;
          default:
            if (key >= " " && typed.length < LONGEST) typed.push(key);
        }
      }
    }
    keyboard.on("data", keysOnData);
  });
}
