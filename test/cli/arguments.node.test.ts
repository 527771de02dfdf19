import { describe, expect, test } from "vitest";
import { readArguments, Wrong } from "../../src/cli/arguments.ts";
import { readVisit, type Visit } from "../../src/cli/demo/visit-options.ts";
import { run } from "../../src/cli/run.ts";

const words = (line: string): string[] => line.split(" ").filter((word) => word !== "");

test.each([
  ["", {}, []],
  ["demo", {}, ["demo"]],
  ["-h", { help: true }, []],
  ["demo --help", { help: true }, ["demo"]],
  ["-v", { version: true }, []],
  ["demo --host=a b --port 1", { host: "a", port: "1" }, ["demo", "b"]],
])("%j has the options %o and the words %j", (line, given, rest) => {
  expect(readArguments(words(line))).toEqual({ given, words: rest });
});

const nowhere = { host: undefined, port: undefined, ca: undefined, tls: undefined, trace: false };

test.each<[string, Partial<Visit>]>([
  ["--dialect xmpp --jid a@b", { dialect: "xmpp", identity: { jid: "a@b" } }],
  ["--dialect=xmpp --jid=a@b/c", { dialect: "xmpp", identity: { jid: "a@b/c" } }],
  ["--dialect legacy --jid a@b", { dialect: "legacy", identity: { jid: "a@b" } }],
  [
    "--dialect legacy --jid a@b --plaintext",
    { dialect: "legacy", identity: { jid: "a@b", plaintext: true } },
  ],
  ["--dialect component --domain d", { dialect: "component", identity: { domain: "d" } }],
  [
    "--dialect jabberd2 --domain d --username jabberd",
    { dialect: "jabberd2", identity: { domain: "d", username: "jabberd" } },
  ],
  [
    "--dialect component --domain d --host ::1 --port 5347 --ca ca.pem --tls direct --trace",
    {
      dialect: "component",
      identity: { domain: "d" },
      host: "::1",
      port: 5347,
      ca: "ca.pem",
      tls: "direct",
      trace: true,
    },
  ],
])("a visit: %s", (line, visit) => {
  expect(readVisit(readArguments(words(line)).given)).toEqual({ ...nowhere, ...visit });
});

describe("a complaint is one line, and the status is 2", () => {
  test.each([
    ["", "no command is given: try xmpp-broker demo"],
    ["dance", "unknown command dance: try demo, store"],
    ["toString", "unknown command toString: try demo, store"],
    ["demo twice", "twice is not expected after demo"],
    ["demo --dilect xmpp", "unknown option --dilect"],
    ["demo --toString", "unknown option --toString"],
    ["demo -x", "unknown option -x"],
    ["demo --host example.org", "--host needs --dialect as well"],
    ["demo --dialect irc", "--dialect must be one of xmpp, legacy, component, jabberd2, got irc"],
    ["demo --dialect", "--dialect needs a value"],
    ["demo --dialect xmpp", "--dialect xmpp needs --jid"],
    ["demo --dialect jabberd2", "--dialect jabberd2 needs --domain and --username"],
    [
      "demo --dialect component --domain d --jid a@b",
      "--jid does not go with --dialect component, which wants --domain",
    ],
    [
      "demo --dialect xmpp --jid a@b --plaintext",
      "--plaintext does not go with --dialect xmpp, which wants --jid",
    ],
    ["demo --dialect xmpp --jid --host", "--jid needs a value"],
    ["demo --dialect xmpp --jid=", "--jid needs a value"],
    ["demo --dialect xmpp --jid a@b --jid c@d", "--jid is given twice"],
    ["demo --dialect xmpp --jid a@b --port 0", "--port must be from 1 to 65535, got 0"],
    ["demo --dialect xmpp --jid a@b --port 65536", "--port must be from 1 to 65535, got 65536"],
    ["demo --dialect xmpp --jid a@b --port 5e3", "--port must be from 1 to 65535, got 5e3"],
    [
      "demo --dialect xmpp --jid a@b --tls maybe",
      "--tls must be one of required, direct, opportunistic, plaintext, got maybe",
    ],
    ["demo --trace=yes", "--trace takes no value"],
    [
      "demo --dialect xmpp --jid a@b --password hunter2",
      "--password is not taken: set XMPP_PASSWORD, or wait to be asked",
    ],
    [
      "demo --dialect component --domain d --secret=hunter2",
      "--secret is not taken: set XMPP_PASSWORD, or wait to be asked",
    ],
  ])("%s", async (line, complaint) => {
    let err = "";
    const status = await run(words(line), {
      out: () => undefined,
      err: (text) => {
        err += text;
      },
      columns: 80,
      env: {},
      colours: false,
      ask: undefined,
    });
    expect(status).toBe(2);
    expect(err).toBe(`xmpp-broker: ${complaint} (see xmpp-broker --help)\n`);
  });
});

test("a complaint is no error", () => {
  expect(() => readArguments(["--port"])).toThrow(expect.any(Wrong));
});
