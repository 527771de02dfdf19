import { EventEmitter } from "node:events";
import { expect, test } from "vitest";
import { askSecret, type Keyboard } from "../../src/cli/prompt.ts";

/** A terminal whose keys the test presses; it notes what is done to it. */
class Keys extends EventEmitter implements Keyboard {
  readonly done: string[] = [];
  setRawMode(raw: boolean): void {
    this.done.push(raw ? "raw" : "cooked");
  }
  setEncoding(): void {
    this.done.push("utf8");
  }
  resume(): void {
    this.done.push("resume");
  }
  pause(): void {
    this.done.push("pause");
  }
}

test.each([
  ["what is typed up to Enter", ["s", "e", "c", "\r"], "sec"],
  ["what is pasted", ["secret\n"], "secret"],
  ["what is typed up to Ctrl-D", ["sec", "\u0004"], "sec"],
  ["nothing", ["\r"], ""],
  ["what Backspace leaves", ["secx", "\u007f", "ret\r"], "secret"],
  ["no half of an emoji", ["a🔑", "\u007f", "\r"], "a"],
  ["what is typed after Ctrl-U", ["wrong", "\u0015", "right\r"], "right"],
  ["no arrow key", ["a", "\u001b[D", "b\r"], "ab"],
  ["no more than 4096 characters", ["x".repeat(5000), "\r"], "x".repeat(4096)],
])("the secret is %s", async (_, keys, secret) => {
  const keyboard = new Keys();
  const written: string[] = [];
  const answer = askSecret("Password: ", keyboard, (text) => written.push(text));
  for (const key of keys) keyboard.emit("data", key);
  expect(await answer).toBe(secret);
  expect(written).toEqual(["Password: ", "\n"]);
  expect(keyboard.done).toEqual(["raw", "utf8", "resume", "cooked", "pause"]);
  expect(keyboard.listenerCount("data")).toBe(0);
});

test("Ctrl-C aborts and gives the terminal back", async () => {
  const keyboard = new Keys();
  const answer = askSecret("Password: ", keyboard, () => undefined);
  keyboard.emit("data", "sec\u0003");
  await expect(answer).rejects.toMatchObject({ code: "ABORTED" });
  expect(keyboard.done.slice(-2)).toEqual(["cooked", "pause"]);
  expect(keyboard.listenerCount("data")).toBe(0);
});
