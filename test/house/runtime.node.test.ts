import { expect, test } from "vitest";

test("the tests run on the runtime that the environment names", () => {
  const { bun, deno, node } = process.versions as NodeJS.ProcessVersions & { deno?: string };
  const [major = ""] = node.split(".");
  const name = bun !== undefined ? "bun" : deno !== undefined ? "deno" : `node-${major}`;
  expect(name).toBe(process.env.XMPP_BROKER_RUNTIME ?? name);
});
