import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { bodyText } from "../../../stream/bosh/body.ts";
import type { MessageFrames } from "../http/frames.ts";
import type { WireSocket } from "../wire.ts";
import { ManagerSession, send } from "./manager-session.ts";
import { readBody, readText } from "./request-body.ts";
import { PipeFrames } from "./stream-pipe.ts";

/** Serves a stream in messages: a session's, like that of a WebSocket. */
export type ServeMessages = (socket: WireSocket, frames: MessageFrames) => void;

/**
 * The connection manager of a server (XEP-0124): it finds the session of each request, and opens a stream to the
 * server for each new one.
 */
export class ConnectionManager {
  readonly #serve: ServeMessages;
  readonly #sessions = new Map<string, ManagerSession>();

  constructor(serve: ServeMessages) {
    this.#serve = serve;
  }

  /** Answers one request, at once or later. */
  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const text = await readText(request);
    if (text === undefined) {
      response.statusCode = 413;
      response.end();
      return;
    }
    const body = readBody(text);
    const { sid, rid = "" } = body?.attributes ?? {};
    if (body === undefined || !/^[1-9][0-9]{0,15}$/.test(rid)) refuse(response, "bad-request");
    else if (sid !== undefined) {
      const session = this.#sessions.get(sid);
      if (session === undefined) refuse(response, "item-not-found");
      else session.handle(body, response);
    } else if (!body.attributes.to) refuse(response, "improper-addressing");
    else {
      const isEncrypted = "encrypted" in request.socket;
      const session = new ManagerSession(randomBytes(16).toString("hex"), body, this, isEncrypted);
      this.#sessions.set(session.sid, session);
      this.#serve(session.pipe, new PipeFrames());
      session.handle(body, response);
    }
  }

  ended({ sid }: ManagerSession): void {
    this.#sessions.delete(sid);
  }
}

function refuse(response: ServerResponse, condition: string): void {
  send(response, bodyText({ type: "terminate", condition }, ""));
}
