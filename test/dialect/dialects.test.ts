import { expect, test } from "vitest";
import type { Dialect } from "../../src/dialect/dialect.ts";
import { dialects } from "../../src/dialect/dialects.ts";

const made: Record<keyof typeof dialects, Dialect> = {
  xmpp: dialects.xmpp.make({ jid: "user@example.org", password: "x" }),
  legacy: dialects.legacy.make({ jid: "user@example.org", password: "x" }),
  component: dialects.component.make({ domain: "Example.org", secret: "x" }),
  jabberd2: dialects.jabberd2.make({ domain: "example.org", username: "user", password: "x" }),
};

test.each(Object.entries(made))(
  "%s stands in the table by its name, and cannot be changed",
  (name, dialect) => {
    expect(dialect.name).toBe(name);
    expect(dialect.domain).toBe("example.org");
    expect(Object.isFrozen(dialect)).toBe(true);
  },
);

test.each([
  ["xmpp", "jabber:client", "1.0", { plain: 5222, direct: 5223 }, "required", "domain"],
  ["legacy", "jabber:client", undefined, { plain: 5222, direct: 5223 }, "by-host", "domain"],
  ["component", "jabber:component:accept", undefined, { plain: 5347 }, "by-host", "host"],
  [
    "jabberd2",
    "http://jabberd.jabberstudio.org/ns/component/1.0",
    "1.0",
    { plain: 5347 },
    "required",
    "host",
  ],
] as const)(
  "%s speaks %s, version %s, to %o, TLS %s, certificate of the %s",
  (name, contentNamespace, version, ports, tls, certificate) => {
    expect(made[name]).toMatchObject({ contentNamespace, version, ports, tls, certificate });
  },
);
