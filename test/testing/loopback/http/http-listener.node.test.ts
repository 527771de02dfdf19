import { type AddressInfo, connect, type Server } from "node:net";
import { afterEach, expect, test } from "vitest";
import { hostMeta } from "../../../../src/testing/loopback/http/host-meta.ts";
import {
  answerBy,
  type HttpRoutes,
  listenHttp,
} from "../../../../src/testing/loopback/http/http-listener.ts";

const ROUTES: HttpRoutes = {
  ...hostMeta([
    { rel: "urn:xmpp:alt-connections:websocket", scheme: "ws", path: "/xmpp-websocket" },
    { rel: "urn:xmpp:alt-connections:xbosh", scheme: "http", path: "/http-bind" },
  ]),
  "/http-bind": {
    post(request, response) {
      request.pipe(response);
    },
  },
  "/xmpp-websocket": {
    upgrade(_request, socket) {
      socket.end("taken over");
    },
  },
};

let listener: Server;
afterEach(() => {
  listener.close();
});

async function start(): Promise<string> {
  listener = await listenHttp(0);
  answerBy(listener, ROUTES);
  return `127.0.0.1:${(listener.address() as AddressInfo).port}`;
}

test.each([
  ["GET", "/http-bind", 405],
  ["POST", "/http-bind", 200],
  ["OPTIONS", "/http-bind", 204],
  ["GET", "/xmpp-websocket", 405],
  ["GET", "/.well-known/host-meta", 200],
  ["GET", "/.well-known/host-meta?query", 200],
  ["GET", "/elsewhere", 404],
  ["OPTIONS", "/elsewhere", 404],
  ["GET", "/constructor", 404],
])("%s %s is answered with %i, to pages of every origin", async (method, path, status) => {
  const response = await fetch(`http://${await start()}${path}`, {
    method,
    ...(method === "POST" && { body: "<body/>" }),
  });
  expect(response.status).toBe(status);
  expect(response.headers.get("Access-Control-Allow-Origin")).toBe("*");
  expect(response.headers.get("Access-Control-Allow-Headers")).toBe("Content-Type");
});

test("both files of host-meta lead to the name and port that were asked", async () => {
  const place = await start();
  const asXml = await fetch(`http://${place}/.well-known/host-meta`);
  expect(asXml.headers.get("Content-Type")).toBe("application/xrd+xml");
  expect(await asXml.text()).toBe(
    `<?xml version='1.0' encoding='utf-8'?><XRD xmlns='http://docs.oasis-open.org/ns/xri/xrd-1.0'>` +
      `<Link rel='urn:xmpp:alt-connections:websocket' href='ws://${place}/xmpp-websocket'/>` +
      `<Link rel='urn:xmpp:alt-connections:xbosh' href='http://${place}/http-bind'/></XRD>`,
  );
  const asJson = await fetch(`http://${place}/.well-known/host-meta.json`);
  expect(await asJson.json()).toEqual({
    links: [
      { rel: "urn:xmpp:alt-connections:websocket", href: `ws://${place}/xmpp-websocket` },
      { rel: "urn:xmpp:alt-connections:xbosh", href: `http://${place}/http-bind` },
    ],
  });
});

test.each([
  ["/xmpp-websocket", "taken over"],
  ["/http-bind", "HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n"],
])("a request for a WebSocket at %s is answered with %j", async (path, answer) => {
  const port = Number((await start()).split(":")[1]);
  const socket = connect(port, "127.0.0.1");
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n`,
  );
  let text = "";
  for await (const bytes of socket) text += String(bytes);
  expect(text).toBe(answer);
});

test("a port that is taken is CONNECT_FAILED", async () => {
  const port = Number((await start()).split(":")[1]);
  await expect(listenHttp(port)).rejects.toMatchObject({ code: "CONNECT_FAILED" });
});
