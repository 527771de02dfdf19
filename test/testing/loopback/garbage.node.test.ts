import fc from "fast-check";
import { expect, test } from "vitest";
import { allPorts, base64, clientHeader, dial, login, serve } from "./scene.ts";

const LOGIN = [
  clientHeader(),
  `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${base64("\0juliet\0s3cret")}</auth>`,
  clientHeader(),
  "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>balcony</resource></bind></iq>",
];

test("no bytes on any port stop the server, and whoever sent them is gone or waited for", async () => {
  const server = await serve({ http: true });
  const port = fc.constantFrom(...allPorts(server));
  const scrap = fc.oneof(
    fc.constantFrom(
      ...LOGIN,
      "</stream:stream>",
      "<iq/>",
      "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    ),
    fc.string({ unit: "binary" }),
    fc.constantFrom("<", ">", "&", "</a>", "<a b='", "<!DOCTYPE x>", "\0"),
  );
  await fc.assert(
    fc.asyncProperty(port, fc.array(scrap, { maxLength: 6 }), async (where, scraps) => {
      const client = await dial(where);
      for (const one of scraps) client.say(one);
      client.cut();
    }),
    { numRuns: 200 },
  );
  const juliet = await login(server, "juliet", "after");
  await juliet.play(`
    C: <iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>
    S: <iq id='p' …/>
  `);
});

test("a login that is broken off anywhere leaves nothing of it", async () => {
  const server = await serve();
  const steps = [
    "S: <?xml …</stream:features>",
    "S: <success …/>",
    "S: <?xml …</stream:features>",
    "",
  ];
  for (const [index, step] of LOGIN.entries()) {
    for (let cut = 0; cut <= step.length; cut += 7) {
      const client = await dial(server.ports.client);
      for (let before = 0; before < index; before++) {
        await client.play(`C: ${LOGIN[before] ?? ""}\n${steps[before] ?? ""}`);
      }
      client.say(step.slice(0, cut));
      client.cut();
    }
  }
  const juliet = await login(server, "juliet", "balcony");
  expect(juliet.isOver).toBe(false);
});
