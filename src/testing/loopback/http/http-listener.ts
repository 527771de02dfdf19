import {
  createServer,
  Server as HttpServer,
  type IncomingMessage,
  type ServerResponse,
} from "node:http";
import { createServer as createSecureServer, Server as HttpsServer } from "node:https";
import type { Server } from "node:net";
import type { Duplex } from "node:stream";
import { listenOn } from "../../listen.ts";

/** One path of the HTTP ports. */
export interface HttpRoute {
  /** Answers a GET. Absent: `405`. */
  readonly get?: HttpHandler;
  /** Answers a POST. Absent: `405`. */
  readonly post?: HttpHandler;
  /** Takes over the connection of a request with `Upgrade: websocket`. Absent: `404`. */
  readonly upgrade?: (request: IncomingMessage, socket: Duplex, head: Buffer) => void;
}

/** Answers one request. It ends the response, at once or later. */
export type HttpHandler = (request: IncomingMessage, response: ServerResponse) => void;

/** The paths of the HTTP ports. */
export type HttpRoutes = Readonly<Record<string, HttpRoute>>;

/** The certificate and key (PEM) of the HTTPS port. */
export interface HttpCertificate {
  readonly cert: string;
  readonly key: string;
}

/** Pages of every origin may ask: browsers send these headers, and want them (Fetch, 3.3). */
const CORS = {
  "Access-Control-Allow-Origin": "*",
  "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
  "Access-Control-Allow-Headers": "Content-Type",
  "Access-Control-Max-Age": "7200",
} as const;

/**
 * Listens for HTTP on a port of 127.0.0.1, or on a free one (0); with a certificate for HTTPS. Rejects with `CONNECT_FAILED`.
 */
export function listenHttp(port: number, certificate?: HttpCertificate): Promise<Server> {
  return listenOn(
    port,
    certificate === undefined ? createServer() : createSecureServer(certificate),
  );
}

/** Answers the requests of a listener by routes. Each answer allows pages of every origin. */
export function answerBy(listener: Server, routes: HttpRoutes): void {
  listener.on("request", (request: IncomingMessage, response: ServerResponse) => {
    answer(routes, request, response);
  });
  listener.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
    const { upgrade } = routeOf(routes, request) ?? {};
    if (upgrade === undefined) socket.end("HTTP/1.1 404 Not Found\r\nConnection: close\r\n\r\n");
    else upgrade(request, socket, head);
  });
}

/** Drops the connections of a listener that speak HTTP, with their requests. */
export function closeRequests(listener: Server): void {
  if (listener instanceof HttpServer || listener instanceof HttpsServer) {
    listener.closeAllConnections();
  }
}

function answer(routes: HttpRoutes, request: IncomingMessage, response: ServerResponse): void {
  for (const [name, value] of Object.entries(CORS)) response.setHeader(name, value);
  const route = routeOf(routes, request);
  if (route === undefined) end(response, 404);
  else if (request.method === "OPTIONS") end(response, 204);
  else {
    const handler = { GET: route.get, POST: route.post }[request.method ?? ""];
    if (handler === undefined) end(response, 405);
    else handler(request, response);
  }
}

function routeOf(routes: HttpRoutes, { url = "" }: IncomingMessage): HttpRoute | undefined {
  const path = url.replace(/\?.*/s, "");
  return Object.hasOwn(routes, path) ? routes[path] : undefined;
}

function end(response: ServerResponse, status: number): void {
  response.statusCode = status;
  response.end();
}
