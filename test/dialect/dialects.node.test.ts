import { inspect } from "node:util";
import { expect, test } from "vitest";
import { component } from "../../src/dialect/component.ts";
import { jabberd2 } from "../../src/dialect/jabberd2.ts";
import { legacy } from "../../src/dialect/legacy.ts";
import { xmpp } from "../../src/dialect/xmpp.ts";

test.each([
  xmpp({ jid: "user@example.org", password: "hunter2" }),
  legacy({ jid: "user@example.org", password: "hunter2", plaintext: true }),
  component({ domain: "example.org", secret: "hunter2" }),
  jabberd2({ domain: "example.org", username: "user", password: "hunter2" }),
])("the secret of $name shows in no inspection", (dialect) => {
  const shown = inspect(dialect, { depth: 9, showHidden: true, getters: true });
  expect(shown + JSON.stringify(dialect)).not.toContain("hunter2");
});
