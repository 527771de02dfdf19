import { describe, expect, test } from "vitest";
import { readArguments, type Visit } from "../../src/cli/arguments.ts";

const nowhere = { host: undefined, port: undefined, ca: undefined, tls: undefined, trace: false };

describe("what the command line asks for", () => {
  test.each([
    ["--help", { kind: "help" }],
    ["-h", { kind: "help" }],
    ["demo --help", { kind: "help" }],
    ["--version", { kind: "version" }],
    ["-v", { kind: "version" }],
    ["demo", { kind: "demo" }],
  ])("%s", (line, command) => {
    expect(readArguments(line.split(" "))).toEqual(command);
  });

  test.each<[string, Partial<Visit>]>([
    ["--dialect xmpp --jid a@b", { visitor: { dialect: "xmpp", jid: "a@b" } }],
    ["--dialect=xmpp --jid=a@b/c", { visitor: { dialect: "xmpp", jid: "a@b/c" } }],
    [
      "--dialect legacy --jid a@b",
      { visitor: { dialect: "legacy", jid: "a@b", plaintext: false } },
    ],
    [
      "--dialect legacy --jid a@b --plaintext",
      { visitor: { dialect: "legacy", jid: "a@b", plaintext: true } },
    ],
    ["--dialect component --domain d", { visitor: { dialect: "component", domain: "d" } }],
    [
      "--dialect jabberd2 --domain d --username jabberd",
      { visitor: { dialect: "jabberd2", domain: "d", username: "jabberd" } },
    ],
    [
      "--dialect component --domain d --host ::1 --port 5347 --ca ca.pem --tls direct --trace",
      {
        visitor: { dialect: "component", domain: "d" },
        host: "::1",
        port: 5347,
        ca: "ca.pem",
        tls: "direct",
        trace: true,
      },
    ],
  ])("demo %s", (line, visit) => {
    expect(readArguments(["demo", ...line.split(" ")])).toEqual({
      kind: "visit",
      visit: { ...nowhere, ...visit },
    });
  });
});

describe("what is wrong is said in one line", () => {
  test.each([
    ["", "no command given: try xmpp-broker demo"],
    ["dance", "unknown command dance: the one there is, is demo"],
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
  ])("%s", (line, complaint) => {
    const command = readArguments(line.split(" ").filter((word) => word !== ""));
    expect(command).toEqual({ kind: "wrong", line: complaint });
  });
});
