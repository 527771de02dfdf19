import { expect, test } from "vitest";
import { Received } from "../../../src/testing/loopback/received.ts";
import { xml } from "../../../src/xml/element.ts";
import { enter } from "./router-login.ts";
import { attach, login, ROUTER, serve } from "./scene.ts";

test("a server shows what clients, components and services have sent since their login", async () => {
  const server = await serve();
  expect(server.received).toEqual([]);
  const juliet = await login(server, "juliet", "balcony");
  await juliet.play(`
    C: <iq type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>
    S: <iq …/>
    C: <message to='bot@echo.localhost' id='1'><body>hello</body></message>
    S: <message …</message>
  `);
  const component = await attach(server);
  await component.play(`
    C: <message from='bot@echo.localhost' to='bot@echo.localhost' id='2'/>
    S: <message …/>
  `);
  const router = await enter(server);
  await router.play(`
    C: <bind name='a.localhost'/>
    S: <bind/><presence …/><presence …/>
    C: <route from='a.localhost' to='a.localhost'><message xmlns='jabber:client' id='3'/></route>
    S: <route …</route>
  `);
  expect(
    server.received.map(({ from, element: { name, ns, attrs } }) => [from, name, ns, attrs.id]),
  ).toEqual([
    ["juliet@localhost/balcony", "iq", "jabber:client", "s"],
    ["juliet@localhost/balcony", "message", "jabber:client", "1"],
    ["echo.localhost", "message", "jabber:client", "2"],
    ["", "bind", ROUTER, undefined],
    ["a.localhost", "route", ROUTER, undefined],
  ]);
  expect(server.received[1]?.element.childText("body")).toBe("hello");
  expect(server.received[1]?.element.attrs.from).toBeUndefined();
});

test("an element that ends its stream is shown too", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  await juliet.play(`
    C: <foo xmlns='urn:foo'/>
    S: <stream:error><unsupported-stanza-type …</stream:stream>
  `);
  expect(server.received.map(({ element }) => element.name)).toEqual(["foo"]);
});

test.each([
  ["1,000 elements", 1200, 10, 1000],
  ["4 MiB on the wire", 10, 1024 * 1024, 4],
  ["none that is bigger than all may be", 2, 5 * 1024 * 1024, 0],
])("it keeps the last ones, at most %s", (_, count, bytes, kept) => {
  const received = new Received();
  for (let id = 0; id < count; id++) received.add("a@b", xml("message", { id }), bytes);
  expect(received.elements.map(({ element }) => Number(element.attrs.id))).toEqual(
    Array.from({ length: kept }, (_, index) => count - kept + index),
  );
});

test("each element is counted with the bytes that came for it", async () => {
  const server = await serve();
  const juliet = await login(server, "juliet", "balcony");
  const body = "x".repeat(500_000);
  for (let id = 0; id < 12; id++)
    juliet.say(`<message to='localhost' id='${id}'>${body}</message>`);
  await juliet.play(`
    C: <iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>
    S: …<iq id='p' …/>
  `);
  const ids = server.received.map(({ element }) => element.attrs.id);
  expect(ids.length).toBeGreaterThan(7);
  expect(ids.length).toBeLessThan(11);
  expect(ids.slice(-2)).toEqual(["11", "p"]);
});
