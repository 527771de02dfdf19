import { afterEach, beforeEach, expect, test, vi } from "vitest";

const { argv } = process;

beforeEach(() => {
  vi.resetModules();
});

afterEach(() => {
  process.argv = argv;
  process.exitCode = undefined;
  process.stdout.removeAllListeners("error");
  vi.restoreAllMocks();
});

test.each([
  ["--version", 0, /^\d+\.\d+\.\d+\S*\n$/, /^$/],
  ["--help", 0, /^xmpp-broker: see /, /^$/],
  ["--nonsense", 2, /^$/, /^xmpp-broker: unknown option --nonsense/],
])("xmpp-broker %s ends with status %i", async (word, status, out, err) => {
  const stdout = vi.spyOn(process.stdout, "write").mockReturnValue(true);
  const stderr = vi.spyOn(process.stderr, "write").mockReturnValue(true);
  process.argv = [...argv.slice(0, 2), word];
  await import("../../src/cli/main.ts");
  const written = [stdout, stderr].map(({ mock }) => mock.calls.map(([text]) => text).join(""));
  expect(process.exitCode).toBe(status);
  expect(written).toEqual([expect.stringMatching(out), expect.stringMatching(err)]);
});
